"""Which modules of the standard library a bundle may import: everywhere there, usable in a jail."""

import sys

# Tied to one platform, to a terminal or a display, or gone from later versions of Python.
PLATFORM = frozenset(
    {
        "_curses",
        "_curses_panel",
        "_msi",
        "_osx_support",
        "_overlapped",
        "_scproxy",
        "_tkinter",
        "_winapi",
        "antigravity",
        "asynchat",
        "asyncore",
        "audioop",
        "cgi",
        "cgitb",
        "chunk",
        "crypt",
        "curses",
        "dbm",
        "ensurepip",
        "fcntl",
        "grp",
        "idlelib",
        "imghdr",
        "imp",
        "lib2to3",
        "mailcap",
        "msilib",
        "msvcrt",
        "nis",
        "nntplib",
        "nt",
        "ossaudiodev",
        "pipes",
        "posix",
        "pty",
        "pwd",
        "readline",
        "resource",
        "smtpd",
        "sndhdr",
        "spwd",
        "sunau",
        "syslog",
        "telnetlib",
        "termios",
        "this",
        "tkinter",
        "tty",
        "turtle",
        "turtledemo",
        "uu",
        "venv",
        "winreg",
        "winsound",
        "xdrlib",
    }
)
# Names of portable modules that only one platform has.
PLATFORM_NAMES = frozenset(
    {
        "codecs.code_page_decode",
        "codecs.code_page_encode",
        "codecs.mbcs_decode",
        "codecs.mbcs_encode",
        "codecs.oem_decode",
        "codecs.oem_encode",
    }
)
STDLIB = frozenset(sys.stdlib_module_names)


def is_stdlib(module: str) -> bool:
    """Return whether a dotted module name belongs to the standard library."""
    return module.partition(".")[0] in STDLIB


def is_portable(module: str, name: str = "") -> bool:
    """Return whether a module's name is there, and usable, wherever bundles run."""
    return module.partition(".")[0] not in PLATFORM and f"{module}.{name}" not in PLATFORM_NAMES
