"""Write what is generated."""

from generate.files import FILES, ROOT

for path, text in FILES.items():
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")
