"""Pickles written by hand that compose names which a reader may allow; run it to read them."""
import hashlib
import json
import pickle
import struct
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch

from plugins.classification.datasets.cifar import read_batch
from plugins.engine.checkpoint import read_checkpoint

HISTORY = 'mmengine.logging.history_buffer.HistoryBuffer'
ONE_CYCLE = 'mmengine.optim.scheduler.param_scheduler.OneCycleParamScheduler'
EXPRESSION = "__import__('pathlib').Path({!r}).touch()"


def name(path: str) -> bytes:
    """The opcodes for a global, ``module.name``."""
    module, _, last = path.rpartition('.')
    return f'c{module}\n{last}\n'.encode()


def text(value: str) -> bytes:
    """The opcodes for a text."""
    return b'X' + struct.pack('<I', len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """The opcodes for a whole number."""
    return b'J' + struct.pack('<i', value)


def group(*items: bytes) -> bytes:
    """The opcodes for a tuple."""
    return b'(' + b''.join(items) + b't'


def mapping(**items: bytes) -> bytes:
    """The opcodes for a dict."""
    return b'}(' + b''.join(text(key) + value for key, value in items.items()) + b'u'


def call(function: bytes | str, *arguments: bytes) -> bytes:
    """The opcodes for a call (REDUCE)."""
    function = name(function) if isinstance(function, str) else function
    return function + group(*arguments) + b'R'


def new(kind: str, *arguments: bytes) -> bytes:
    """The opcodes for an object made without its constructor (NEWOBJ)."""
    return name(kind) + group(*arguments) + b'\x81'


def build(instance: bytes, state: bytes) -> bytes:
    """The opcodes that set an object's state (BUILD)."""
    return instance + state + b'b'


def attribute(value: bytes, key: str) -> bytes:
    """The opcodes for getattr, as Python 2's pickles name it."""
    return call('__builtin__.getattr', value, text(key))


def encoded(value: str) -> bytes:
    """The opcodes for bytes as text."""
    return call('_codecs.encode', text(value), text('latin1'))


def dtype(code: str) -> bytes:
    """The opcodes for a numpy dtype."""
    return build(call('numpy.dtype', text(code), b'\x89', b'\x88'),
                 group(number(3), text('<'), b'NNN', number(-1), number(-1), number(0)))


def tensor(shape: bytes, stride: bytes, offset: int = 0, hooks: bytes = b'N') -> bytes:
    """The opcodes for a tensor of the storage ``data/0``, four floats."""
    return call('torch._utils._rebuild_tensor_v2', storage(), number(offset), shape, stride,
                b'\x88', hooks)


def storage() -> bytes:
    """The opcodes for a storage of four floats."""
    return group(text('storage'), name('torch.FloatStorage'), text('0'), text('cpu'),
                 number(4)) + b'Q'


ORDERED = call('collections.OrderedDict')
VECTOR = tensor(group(number(4)), group(number(1)))
ARRAY = call('numpy._core.multiarray._reconstruct', name('numpy.ndarray'), group(number(0)),
             text('b'))


def payloads(marker: Path) -> Mapping[str, bytes]:
    """Name -> opcodes of a checkpoint; those that run code make the file ``marker``."""
    code = text(EXPRESSION.format(str(marker)))
    method = attribute(name(HISTORY), '__init__')
    evaluate = attribute(build(ORDERED, attribute(method, '__builtins__')), 'eval')
    chained = {
        'globals of a method': group(attribute(method, '__globals__') + text('len') + evaluate
                                     + b's', call(HISTORY, code, b')')),
        'eval by getattr': call(evaluate, code),
        'rebuild calls eval': call('torch._tensor._rebuild_from_type_v2', evaluate,
                                   name('torch.Tensor'), group(code), b'}'),
        'method of an OrderedDict called by torch': call(
            'torch._utils._rebuild_device_tensor_from_cpu_tensor',
            build(ORDERED, mapping(to=evaluate)), name('torch.float32'), text('cpu'), b'\x89'),
        'subclasses': call(attribute(attribute(name(ONE_CYCLE), '__base__'), '__subclasses__')),
        'rebuild calls getattr': call(
            'torch._tensor._rebuild_from_type_v2', name('__builtin__.getattr'),
            name('torch.Tensor'), group(name(HISTORY), text('__init__')), mapping(a=code)),
        'attribute of a class': build(name(HISTORY), group(b'N', mapping(update=code))),
        'state of a function': build(name('__builtin__.getattr'),
                                     group(b'N', mapping(__defaults__=code))),
        'statistics of a history': build(new(HISTORY), mapping(
            max_length=number(1), statistics_methods=mapping(current=evaluate),
            _log_history=code, _count_history=code)),
        'scheduler': build(new(ONE_CYCLE), mapping(step=evaluate)),
        'items of an OrderedDict': build(ORDERED, mapping(
            items=name('__builtin__.getattr'), copy=name(HISTORY), keys=name('torch.Size'))),
        'hooks of a tensor': tensor(group(number(4)), group(number(1)), hooks=build(
            ORDERED, mapping(values=name('__builtin__.getattr')))),
        'attributes of a tensor': call(
            'torch._tensor._rebuild_from_type_v2', name('torch._utils._rebuild_tensor_v2'),
            name('torch.Tensor'),
            group(storage(), number(0), group(number(4)), group(number(1)), b'\x89', b'N'),
            mapping(to=name('__builtin__.getattr'), detach=name('torch.Size'))),
        'attributes of a parameter': call(
            'torch._utils._rebuild_parameter_with_state', VECTOR, b'\x88', b'N',
            mapping(copy_=name('__builtin__.getattr'))),
        'object array': build(ARRAY, group(number(1), group(number(2)), dtype('O8'), b'\x89',
                                           encoded('A' * 16))),
        'ndarray called with a buffer': call(
            'numpy.ndarray', group(number(2)), call('numpy.dtype', text('O8')), encoded('A' * 16)),
        'object scalar': call('numpy._core.multiarray.scalar', call('numpy.dtype', text('O8')),
                              encoded('A' * 8)),
        'void array': build(ARRAY, group(number(1), group(number(2)), dtype('V8'), b'\x89',
                                         encoded('A' * 16))),
        'short array': build(ARRAY, group(number(1), group(number(2 ** 30)), dtype('f8'), b'\x89',
                                          encoded('A' * 16))),
        'sparse tensor': call('torch._utils._rebuild_sparse_tensor', call(
            'torch.serialization._get_layout', text('torch.sparse_coo')), group(
                tensor(group(number(1), number(4)), group(number(4), number(1))), VECTOR,
                group(number(2)))),
        'nested tensor': call('torch._utils._rebuild_nested_tensor', *[VECTOR] * 4),
        'tensor beyond its storage': tensor(group(number(2 ** 30)), group(number(1))),
        'tensor before its storage': tensor(group(number(4)), group(number(1)), offset=-2 ** 30),
        'negative stride': tensor(group(number(4)), group(number(-2 ** 20))),
        'endless tensor': tensor(group(number(2 ** 30)), group(number(0))),
        'set state of a tensor': build(VECTOR, group(storage(), number(3), group(number(2 ** 30)),
                                                     group(number(1)))),
        'other codec': call('_codecs.encode', text('a' * 9), text('zlib_codec')),
        'stack global': text('builtins') + text('eval') + b'\x93' + group(code) + b'R',
        'instance': b'(' + code + b'ibuiltins\neval\n',
        'extension': b'\x82\x01',
        'module with a source': group(text('module'), name(HISTORY), text(str(marker)),
                                      code) + b'Q',
        'list in itself': b']q\x00h\x00a',
        'memo': number(1) + b'r' + struct.pack('<I', 2 ** 31),
    }
    nested = b')' + b''.join(b'q' + bytes([level]) + b'h' + bytes([level]) + b'\x86'
                             for level in range(1, 61))  # t = (t, t), 60 times
    chained |= {
        'key whose hash takes years': b'}' + nested + b'Ns',
        'member whose hash takes years': call('__builtin__.set', b'](' + nested + b'e'),
        'tuple as deep as no stack': b')' + b'\x85' * 2_000_000}
    return {key: mapping(state_dict=mapping(w=VECTOR), extra=value)
            for key, value in chained.items()}


def write_zip(path: Path, opcodes: bytes, **others: bytes) -> Path:
    """A checkpoint in the present format; other records come first."""
    with zipfile.ZipFile(path, 'w') as archive:
        for record, content in {**others, 'data.pkl': b'\x80\x02' + opcodes + b'.',
                                'data/0': struct.pack('<4f', 1, 2, 3, 4), 'version': b'3\n',
                                'byteorder': b'little'}.items():
            archive.writestr(f'archive/{record}', content)
    return path


def write_before_1_6(folder: Path, opcodes: bytes) -> Path:
    """A checkpoint in the format before PyTorch 1.6, with its SHA-256 in its name."""
    opcodes = opcodes.replace(number(4) + b'tQ', number(4) + b'NtQ')  # a storage has a view
    content = b''.join(pickle.dumps(part, 2) for part in (
        torch.serialization.MAGIC_NUMBER, torch.serialization.PROTOCOL_VERSION, {}))
    content += b'\x80\x02' + opcodes + b'.' + pickle.dumps(['0'], 2)
    content += struct.pack('<q4f', 4, 1, 2, 3, 4)
    path = folder / f'a-{hashlib.sha256(content).hexdigest()[:8]}.pth'
    path.write_bytes(content)
    return path


def outcomes(folder: Path) -> dict[str, str]:
    """Read every payload in every format: "format: name" -> 'read' or the error."""
    found = {}
    for name, opcodes in payloads(folder / 'marker').items():
        batch = folder / 'batch'
        batch.write_bytes(b'\x80\x02' + opcodes + b'.')
        for kind, read, *arguments in (
                ('zip', read_checkpoint, write_zip(folder / 'a.pth', opcodes)),
                ('before 1.6', read_checkpoint, write_before_1_6(folder, opcodes)),
                ('CIFAR', read_batch, batch, 'labels', 10)):
            key = f'{kind}: {name}'
            try:
                torch.save(read(*arguments), folder / 'copy.pth')
                torch.load(folder / 'copy.pth')
                found[key] = 'read'
            except ValueError as error:
                found[key] = str(error)
            if (folder / 'marker').exists():
                found[key] = 'RAN'
                (folder / 'marker').unlink()
    return found


if __name__ == '__main__':
    print(json.dumps(outcomes(Path(sys.argv[1]))))
