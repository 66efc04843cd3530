"""Change nested values, bytes and text at random places."""
import copy
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

VALUES = (None, True, False, -1, 0, 1, 7, 10 ** 30, 10 ** 400, 0.5, -0.0, 1e300, float('nan'),
          float('inf'), -float('inf'), '', 'abc', '7',
          'ü中', 'a\nb', '..', '/', '{{ 1 }}', 'x' * 900,
          [], {}, [[]], {'a': {'b': []}}, [1, 'a', None], {'': 1})


def nested(depth: int = 2000) -> list:
    """A list in a list in a list ..."""
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


def paths(tree: Any, path: tuple = ()) -> Iterator[tuple]:
    """The places in nested dicts and lists, without the root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) \
        if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


def changed(rng: Random, tree: Any, values: Sequence[Any] = VALUES) -> tuple[Any, str]:
    """Delete, replace, wrap, move or rename something; return the new tree and what was done."""
    tree = copy.deepcopy(tree)
    # Each depth equally often: most leaves are of long lists.
    by_depth: dict[int, list[tuple]] = {}
    for path in paths(tree):
        by_depth.setdefault(len(path), []).append(path)
    *parents, key = rng.choice(by_depth[rng.choice(sorted(by_depth))])
    node = tree
    for parent in parents:
        node = node[parent]
    action = rng.choice(['delete', 'replace', 'replace', 'replace', 'wrap', 'rename', 'swap'])
    if action == 'delete':
        del node[key]
    elif action == 'replace':
        node[key] = copy.deepcopy(rng.choice(values))
    elif action == 'wrap':
        node[key] = rng.choice([[node[key]], {'a': node[key]}, str(node[key])[:2000]])
    elif action == 'swap':
        other = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        node[key], node[other] = node[other], node[key]
    elif isinstance(node, dict):
        node[rng.choice(['', 'ü', f'{key}x', 'a' * 300, 'a\nb'])] = node.pop(key)
    else:
        node.append(node[key])
    there = key in node if isinstance(node, dict) else key < len(node)
    after = repr(node[key])[:60] if there else 'gone'
    return tree, f'{action} {".".join(map(str, (*parents, key)))[:90]}: {after}'


def flipped(rng: Random, data: bytes) -> tuple[bytes, str]:
    """Flip, cut, insert, repeat or zero some bytes; return the result and what was done."""
    place = rng.choice([rng.randrange(len(data)), rng.randrange(min(len(data), 512)),
                        max(0, len(data) - 1 - rng.randrange(min(len(data), 512)))])
    size = rng.choice([1, 1, 1, 4, 64, 4096])
    piece = data[place:place + size]
    action = rng.choice(['flip', 'flip', 'cut', 'insert', 'repeat', 'zero', 'drop'])
    new = {'flip': lambda: bytes(byte ^ 1 << rng.randrange(8) for byte in piece),
           'zero': lambda: bytes(len(piece)), 'repeat': lambda: piece * 2, 'drop': lambda: b'',
           'insert': lambda: rng.randbytes(size) + piece}.get(action)
    done = data[:place] if new is None else data[:place] + new() + data[place + size:]
    return done, f'{action} {size} bytes at {place} of {len(data)}'


def edited(rng: Random, text: str, words: Sequence[str]) -> tuple[str, str]:
    """Change one word or line of a text."""
    lines = text.splitlines()
    row = rng.randrange(len(lines))
    fields = lines[row].split(' ')
    column = rng.randrange(len(fields))
    action = rng.choice(['word', 'word', 'word', 'drop', 'twice', 'line', 'end', 'swap'])
    if action == 'word':
        fields[column] = rng.choice(words)
    elif action == 'drop':
        del fields[column]
    elif action == 'twice':
        fields.insert(column, fields[column])
    elif action == 'swap':
        other = rng.randrange(len(fields))
        fields[column], fields[other] = fields[other], fields[column]
    lines[row] = ' '.join(fields)
    if action == 'line':
        lines[row] = rng.choice(['', ' ', '\t', '\x00', 'ü' * 9, '# note', lines[row] * 2])
    done = '\n'.join(lines) + rng.choice(['', '\n', '\r\n', '\n\n', '\x1a'])
    return done, f'{action} in line {row + 1}: {lines[row][:90]!r}'
