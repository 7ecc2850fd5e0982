/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The context switch for aarch64 (AAPCS64). stack.c calls it and lays out the same frame for a fresh context.
 * Saved: x19 to x30, d8 to d15 and fpcr; x18 is no callee-saved register on Linux. fpcr is written only when it
 * differs, because the write is slow. Return addresses that C code signs (pac-ret) stay valid: they are bound to the
 * stack pointer, which is the same when the context goes on. */

    .text

/* void airi_switch_asm(void **out_sp, void *sp) */
    .globl airi_switch_asm
    .hidden airi_switch_asm
    .type airi_switch_asm, %function
    .p2align 4
airi_switch_asm:
    .cfi_startproc
    hint #34 /* bti c */
    sub sp, sp, #176
    .cfi_adjust_cfa_offset 176
    stp x19, x20, [sp, #0]
    .cfi_rel_offset x19, 0
    .cfi_rel_offset x20, 8
    stp x21, x22, [sp, #16]
    .cfi_rel_offset x21, 16
    .cfi_rel_offset x22, 24
    stp x23, x24, [sp, #32]
    .cfi_rel_offset x23, 32
    .cfi_rel_offset x24, 40
    stp x25, x26, [sp, #48]
    .cfi_rel_offset x25, 48
    .cfi_rel_offset x26, 56
    stp x27, x28, [sp, #64]
    .cfi_rel_offset x27, 64
    .cfi_rel_offset x28, 72
    stp x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp d8, d9, [sp, #96]
    .cfi_rel_offset d8, 96
    .cfi_rel_offset d9, 104
    stp d10, d11, [sp, #112]
    .cfi_rel_offset d10, 112
    .cfi_rel_offset d11, 120
    stp d12, d13, [sp, #128]
    .cfi_rel_offset d12, 128
    .cfi_rel_offset d13, 136
    stp d14, d15, [sp, #144]
    .cfi_rel_offset d14, 144
    .cfi_rel_offset d15, 152
    mrs x9, fpcr
    str x9, [sp, #160]
    mov x10, sp
    str x10, [x0]
    /* From here on the same frame layout, on the other stack. */
    mov sp, x1
    ldr x10, [sp, #160]
    cmp x9, x10
    b.eq 1f
    msr fpcr, x10
1:
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #176
    .cfi_adjust_cfa_offset -176
    .cfi_restore x19
    .cfi_restore x20
    .cfi_restore x21
    .cfi_restore x22
    .cfi_restore x23
    .cfi_restore x24
    .cfi_restore x25
    .cfi_restore x26
    .cfi_restore x27
    .cfi_restore x28
    .cfi_restore x29
    .cfi_restore x30
    .cfi_restore d8
    .cfi_restore d9
    .cfi_restore d10
    .cfi_restore d11
    .cfi_restore d12
    .cfi_restore d13
    .cfi_restore d14
    .cfi_restore d15
    ret
    .cfi_endproc
    .size airi_switch_asm, . - airi_switch_asm

/* void airi_switch_land(void *sp): the second half alone; what ran before is over. */
    .globl airi_switch_land
    .hidden airi_switch_land
    .type airi_switch_land, %function
    .p2align 4
airi_switch_land:
    .cfi_startproc
    .cfi_undefined x30
    hint #34 /* bti c */
    mov sp, x0
    ldr x10, [sp, #160]
    msr fpcr, x10
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #176
    ret
    .cfi_endproc
    .size airi_switch_land, . - airi_switch_land

/* The outermost frame of every context: its return address is undefined, so unwinders stop here. An unwinder looks up
 * the address before a return address, hence the nop that belongs to the frame and is never run. */
    .type airi_switch_outermost, %function
    .p2align 4
airi_switch_outermost:
    .cfi_startproc
    .cfi_undefined x30
    .cfi_undefined x29
    nop
    .globl airi_switch_entry
    .hidden airi_switch_entry
    .type airi_switch_entry, %function
airi_switch_entry:
    hint #34 /* bti c */
    mov x0, x19
    bl airi_stack_begin
    brk #1
    .cfi_endproc
    .size airi_switch_entry, . - airi_switch_entry
    .size airi_switch_outermost, . - airi_switch_outermost

    .section .note.GNU-stack, "", %progbits

/* GNU_PROPERTY_AARCH64_FEATURE_1_AND = BTI */
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long 4
    .long 16
    .long 5
    .asciz "GNU"
    .long 0xc0000000
    .long 4
    .long 1
    .long 0
