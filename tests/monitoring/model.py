"""A model server as a process, for tests that stop and kill it: `python -m ... PORT FILE`.

Its answers are what the file says at each request: `good`, or `refuse` (400).
"""

import asyncio
import sys
from pathlib import Path

from tests.write.model.stub import Request, Stub, completion

ANSWER = "words=['a b', 'c']\nvalue=1, low=2, high=3\n"


async def main(port: int, mood: Path) -> None:
    """Serve until killed."""

    def answer() -> tuple[int, object]:
        refuses = mood.read_text(encoding="utf-8") == "refuse"
        return (400, {"error": {"message": "too long"}}) if refuses else (200, completion(ANSWER))

    async def behave(request: Request) -> None:
        status, body = answer()
        print(f"{request.path}: {status}", flush=True)
        await request.answer(status, body)

    await Stub(behave, port=port).open()
    print(f"listening on {port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
