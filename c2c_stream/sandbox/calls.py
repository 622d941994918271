"""What Python does not wrap: by our compiled part, or where there is none by ctypes.

A jail has the compiled part, always. A container's interpreter may be one that cannot load it.
Standard library only: jails import it.
"""

try:
    from c2c_stream.sandbox._zygote import load_filter, system_call, type_modified
except ImportError:
    from c2c_stream.sandbox.foreign import load_filter, system_call, type_modified

__all__ = ["load_filter", "system_call", "type_modified"]
