"""A headless Chromium for the tests of pages; nothing here is a test."""
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome')
# Errors are collected from before the page's own script runs.
_LISTEN = """<script>window.seen = [];
addEventListener('error', event => seen.push(String(event.message)));
addEventListener('securitypolicyviolation', event => seen.push(event.violatedDirective));
for (const kind of ['error', 'warn']) console[kind] = (...all) => seen.push(all.join(' '));
</script>"""
_ASK = """<script>addEventListener('load', () => setTimeout(() => {
let answer;
try { answer = (() => { %s })(); } catch (error) { answer = String(error); }
const told = document.createElement('pre');
told.id = 'told';
told.textContent = JSON.stringify({answer, seen});
document.body.append(told);
}, 500));</script>"""


def ask(page: Path, script: str, width: int = 1280) -> tuple[Any, list[str]]:
    """Open a page, run a script in it, and return what it returns and the errors of the page.

    Skips the test where no browser is on PATH.
    """
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None:
        pytest.skip(f'no browser on PATH ({", ".join(_NAMES)})')
    text = page.read_text(encoding='utf-8')
    copy = page.with_name('asked.html')
    copy.write_text(text.replace('<head>', '<head>' + _LISTEN, 1).replace(
        '</body>', _ASK % script + '</body>'), encoding='utf-8')
    done = subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', f'--window-size={width},900',
         f'--user-data-dir={page.parent / "profile"}', '--virtual-time-budget=4000',
         '--enable-logging=stderr', '--v=0', '--dump-dom', copy.as_uri()],
        capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(html.unescape(re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.S)[1]))
    logged = [line for line in done.stderr.splitlines() if ':CONSOLE' in line]
    return told['answer'], told['seen'] + logged
