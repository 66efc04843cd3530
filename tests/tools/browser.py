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
}, %d));</script>"""


def ask(page: Path, script: str, width: int = 1280) -> tuple[Any, list[str]]:
    """Open a page, run a script in it, and return what it returns and the errors of the page.

    Skips the test where no browser is on PATH.
    """
    copy = page.with_name('asked.html')
    copy.write_text(asking(page.read_text(encoding='utf-8'), script), encoding='utf-8')
    return answered(copy.as_uri(), page.parent, width)


def asking(text: str, script: str, wait: int = 500, nonce: str = '') -> str:
    """The text of a page that runs a script so many milliseconds after it is loaded."""
    text = text.replace('<head>', '<head>' + _LISTEN, 1).replace(
        '</body>', _ASK % (script, wait) + '</body>')
    return text.replace('<script>', f'<script nonce="{nonce}">') if nonce else text


def answered(url: str, folder: Path, width: int = 1280) -> tuple[Any, list[str]]:
    """Open a page of :func:`asking`; see :func:`ask`. The browser's files go into the folder."""
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None:
        pytest.skip(f'no browser on PATH ({", ".join(_NAMES)})')
    done = subprocess.run(
        [browser, '--headless', '--no-sandbox', '--disable-gpu', f'--window-size={width},900',
         f'--user-data-dir={folder / "profile"}', '--virtual-time-budget=9000',
         '--enable-logging=stderr', '--v=0', '--dump-dom', url],
        capture_output=True, text=True, timeout=120, check=True)
    told = json.loads(html.unescape(re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.S)[1]))
    logged = [line for line in done.stderr.splitlines() if ':CONSOLE' in line]
    return told['answer'], told['seen'] + logged
