"""Compiles the sandbox's C, on Linux alone. All else about the package is in pyproject.toml."""

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError


def compiled(name: str, *sources: str) -> Extension:
    """Return what is built of some files of C, for every Python from 3.11 on."""
    return Extension(
        name,
        list(sources),
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        extra_compile_args=["-O2", "-Wall", "-Wextra", "-Wno-unused-parameter"],
        py_limited_api=True,
    )


COMPILED = [
    compiled(
        "c2c_stream.sandbox._zygote",
        "c2c_stream/sandbox/_zygote.c",
        "c2c_stream/sandbox/_memory.c",
    ),
    compiled(
        "c2c_stream.execute._recorder",
        "c2c_stream/execute/_recorder.c",
        "c2c_stream/execute/_literals.c",
    ),
]


class Build(build_ext):
    """Says in a sentence what is missing where nothing can be compiled."""

    def run(self) -> None:
        """Compile."""
        try:
            super().run()
        except (BaseError, CompileError, LinkError, OSError) as error:
            raise SystemExit(
                f"c2c-stream: the sandbox's C did not compile ({error}); it needs a C compiler and "
                "the headers of C, Linux and Python: on Debian, apt install gcc libc6-dev "
                "python3-dev"
            ) from None


setup(
    cmdclass={"build_ext": Build},
    ext_modules=COMPILED if sys.platform == "linux" else [],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
