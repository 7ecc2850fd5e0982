/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The context switch for x86-64 (System V). stack.c calls it and lays out the same frame for a fresh context.
 * Saved: callee-saved registers, mxcsr and the x87 control word. The return stays a `ret`, so that the processor's
 * return predictor stays balanced; for that reason user shadow stacks are not supported and the note below claims
 * only indirect branch tracking, which makes the linker leave shadow stacks off for the whole program. */

    .text

/* void airi_switch_asm(void **out_sp, void *sp) */
    .globl airi_switch_asm
    .hidden airi_switch_asm
    .type airi_switch_asm, @function
    .p2align 4
airi_switch_asm:
    .cfi_startproc
    endbr64
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    /* From here on the same frame layout, on the other stack. */
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    ret
    .cfi_endproc
    .size airi_switch_asm, . - airi_switch_asm

/* void airi_switch_land(void *sp): the second half alone. What ran before is over, whatever it was: also a half done
 * string instruction or x87 expression. */
    .globl airi_switch_land
    .hidden airi_switch_land
    .type airi_switch_land, @function
    .p2align 4
airi_switch_land:
    .cfi_startproc
    .cfi_undefined %rip
    endbr64
    cld
    fninit
    movq %rdi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size airi_switch_land, . - airi_switch_land

/* The outermost frame of every context: its return address is undefined, so unwinders stop here. An unwinder looks up
 * the address before a return address, hence the nop that belongs to the frame and is never run. */
    .type airi_switch_outermost, @function
    .p2align 4
airi_switch_outermost:
    .cfi_startproc
    .cfi_undefined %rip
    .cfi_undefined %rbp
    nop
    .globl airi_switch_entry
    .hidden airi_switch_entry
    .type airi_switch_entry, @function
airi_switch_entry:
    endbr64
    movq %r12, %rdi
    callq airi_stack_begin
    ud2
    .cfi_endproc
    .size airi_switch_entry, . - airi_switch_entry
    .size airi_switch_outermost, . - airi_switch_outermost

    .section .note.GNU-stack, "", @progbits

/* GNU_PROPERTY_X86_FEATURE_1_AND = IBT */
    .section .note.gnu.property, "a", @note
    .p2align 3
    .long 4
    .long 16
    .long 5
    .asciz "GNU"
    .long 0xc0000002
    .long 4
    .long 1
    .long 0
