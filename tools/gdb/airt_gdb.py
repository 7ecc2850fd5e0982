# SPDX-License-Identifier: MIT OR Apache-2.0
"""gdb for airt programs: `source airt_gdb.py`, or put it where gdb auto-loads it for libairt.so.

Prints refs, views, blobs and durations as airt_body_print does, a kind by its name, and a message with its body, walking
the kind's field table in the program's memory: no code of the program runs, so it also works on core files.
    print *msg            header and body of a message
    airt-body KIND BODY   a body by address: airt-body &counter_add_kind msg"""
import struct

import gdb

TEXT_MAX, BYTES_MAX, ELEMENTS_MAX = 64, 16, 16
# airt_field_type, whose numbers never change; the program's debug information may lack the enum. The layouts are frozen
# too. Both supported machines are little-endian with 64 bits.
BOOL, FIRST_NUMBER, DURATION, REF, CHAR, STR, BYTES, BLOB, NESTED = 1, 2, 12, 13, 14, 15, 16, 17, 18
FORMATS = "bBhHiIqQfd"


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(int(address), size)) if size else b""


def text_of(address, size):
    shown = memory(address, min(size, TEXT_MAX)).decode("utf-8", "replace")
    shown = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
    return f'"{shown}"' + ("..." if size > TEXT_MAX else "")


def bytes_of(address, size):
    return f"{size}:" + memory(address, min(size, BYTES_MAX)).hex() + ("..." if size > BYTES_MAX else "")


def duration_of(ns):
    if ns == 2**63 - 1:
        return "forever"
    for unit, name in ((10**9, "s"), (10**6, "ms"), (1000, "us"), (1, "ns")):
        if ns % unit == 0:
            return f"{ns // unit}{name}"
    return ""


def ref_of(bits):
    return f"<{bits & (1 << 28) - 1}.{bits >> 28}>" if bits else "none"


def view_at(address):
    return struct.unpack("<QQ", memory(address, 16))


def element_text(field, address):
    kind = int(field["type"])
    if kind == NESTED:
        return fields_text(field["nested"].dereference(), address)
    if kind == BOOL:
        return "true" if memory(address, 1) != b"\0" else "false"
    if kind == DURATION:
        return duration_of(struct.unpack("<q", memory(address, 8))[0])
    if kind == REF:
        return ref_of(struct.unpack("<Q", memory(address, 8))[0])
    if kind == STR:
        return text_of(*view_at(address))
    if kind == BYTES:
        return bytes_of(*view_at(address))
    if kind == BLOB:
        return "blob " + bytes_of(*view_at(address + 8))
    letter = FORMATS[kind - FIRST_NUMBER]
    value = struct.unpack("<" + letter, memory(address, struct.calcsize(letter)))[0]
    return str(value) if letter not in "fd" else f"{value:.7g}" if letter == "f" else f"{value:.15g}"


def field_text(field, body):
    count, size = int(field["count"]), int(field["size"])
    address = body + int(field["offset"])
    if int(field["type"]) == CHAR:
        return text_of(address, len(memory(address, size).split(b"\0")[0]))
    shown = [element_text(field, address + n * (size // count)) for n in range(min(count, ELEMENTS_MAX))]
    if count == 1:
        return shown[0]
    return "[" + ", ".join(shown) + (", ...]" if count > ELEMENTS_MAX else "]")


def fields_text(kind, body):
    fields = [kind["fields"][n] for n in range(int(kind["field_count"]))]
    if int(kind["flags"]) & 4:
        return "{local}"
    return "{" + ", ".join(f["name"].string() + "=" + field_text(f, body) for f in fields) + "}"


def body_text(kind, body):
    return kind["name"].string() + fields_text(kind, body)


class Printer:
    """One value, shown by a function of it."""

    def __init__(self, value, show):
        self.value, self.show = value, show

    def to_string(self):
        try:
            return self.show(self.value)
        except (gdb.MemoryError, gdb.error, UnicodeDecodeError) as failure:
            return f"<{failure}>"


def message_text(msg):
    if int(msg["kind"]) == 0:
        return "message without a kind"
    kind = msg["kind"].dereference()
    body = int(msg.address) + msg.type.sizeof
    return f"message from {ref_of(int(msg['sender']['bits']))}: {body_text(kind, body)}"


SHOW = {
    "airt_ref": lambda v: ref_of(int(v["bits"])),
    "airt_duration": lambda v: duration_of(int(v["ns"])),
    "airt_str": lambda v: text_of(v["at"], int(v["size"])),
    "airt_bytes": lambda v: bytes_of(v["at"], int(v["size"])),
    "airt_blob": lambda v: "blob " + bytes_of(v["at"], int(v["size"])),
    "airt_kind": lambda v: f"kind {v['name'].string()} ({int(v['field_count'])} fields, {int(v['size'])} bytes)",
    "airt_msg": message_text,
}


def find_printer(value):
    tag = value.type.strip_typedefs().tag
    return Printer(value, SHOW[tag]) if tag in SHOW and value.type.strip_typedefs().fields() else None


class BodyCommand(gdb.Command):
    """airt-body KIND BODY: prints a message body; KIND is an airt_kind *, BODY a pointer to the struct."""

    def __init__(self):
        super().__init__("airt-body", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 2:
            raise gdb.GdbError("airt-body KIND BODY")
        kind = gdb.parse_and_eval(words[0]).cast(gdb.lookup_type("airt_kind").pointer())
        print(body_text(kind.dereference(), int(gdb.parse_and_eval(words[1]))))


def is_loaded(printer):
    return getattr(printer, "__name__", "") == find_printer.__name__


gdb.pretty_printers[:] = [p for p in gdb.pretty_printers if not is_loaded(p)]
gdb.pretty_printers.append(find_printer)
BodyCommand()
