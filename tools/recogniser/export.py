"""Export a checkpoint for the recogniser: int8 weights with one scale per output row, batch norm folded in.

    python3 export.py <checkpoint.pt> <output path without extension>

Writes <output>.json (header, vocabulary, checksum) and <output>.bin (tensors); src/speech/asr/builtin/model-file.ts reads them.
"""
import hashlib
import json
import sys

import numpy as np
import torch

from model import BLOCKS, CHANNELS, KERNEL, TONES

EPSILON = 1e-5


class TensorFile:
    """Collects tensors and their places."""

    def __init__(self):
        self.data = bytearray()
        self.entries = {}

    def _append(self, array):
        while len(self.data) % 4:
            self.data.append(0)
        offset = len(self.data)
        self.data += array.tobytes()
        return offset

    def add_float(self, name, array):
        array = np.ascontiguousarray(array, np.float32)
        self.entries[name] = {'type': 'float32', 'shape': list(array.shape), 'offset': self._append(array)}

    def add_int8(self, name, array):
        """Quantise rows of a matrix to -127..127."""
        scales = np.maximum(np.abs(array).max(1), 1e-8) / 127
        quantised = np.clip(np.rint(array / scales[:, None]), -127, 127).astype(np.int8)
        self.entries[name] = {'type': 'int8', 'shape': list(array.shape), 'offset': self._append(quantised),
                              'scaleOffset': self._append(scales.astype(np.float32))}


def norm_scale_shift(state, name):
    """Batch norm in inference as y = scale * x + shift, both (channels)."""
    scale = state[f'{name}.weight'] / np.sqrt(state[f'{name}.running_var'] + EPSILON)
    return scale, state[f'{name}.bias'] - state[f'{name}.running_mean'] * scale


def add_dense(file, state, source, target):
    weight = state[f'{source}.weight']
    file.add_int8(f'{target}.weight', weight.reshape(weight.shape[0], -1))
    file.add_float(f'{target}.bias', state[f'{source}.bias'])


def export(checkpoint_path, output):
    checkpoint = torch.load(checkpoint_path)
    state = {name: value.numpy() for name, value in checkpoint['model'].items()}
    file = TensorFile()
    scale, shift = norm_scale_shift(state, 'input_norm')
    file.add_int8('input.weight', state['input.weight'].reshape(CHANNELS, -1) * scale[:, None])
    file.add_float('input.bias', shift)
    for i in range(len(BLOCKS)):
        scale, shift = norm_scale_shift(state, f'blocks.{i}.norm')
        file.add_float(f'block{i}.depthwise.weight', state[f'blocks.{i}.depthwise.weight'].reshape(CHANNELS, KERNEL) * scale[:, None])
        file.add_float(f'block{i}.depthwise.bias', shift)
        add_dense(file, state, f'blocks.{i}.pointwise', f'block{i}.pointwise')
    add_dense(file, state, 'output', 'output')
    add_dense(file, state, 'tone', 'tone')
    header = {'format': 'sim-asr-2', 'channels': CHANNELS, 'kernel': KERNEL,
              'blocks': [{'dilation': d, 'lookAhead': l} for d, l in BLOCKS],
              'units': checkpoint['vocabulary'], 'tones': TONES,
              'melMean': [round(float(v), 4) for v in checkpoint['mean']],
              'melDeviation': [round(float(v), 4) for v in checkpoint['deviation']], 'tensors': file.entries,
              'sha256': hashlib.sha256(file.data).hexdigest()}
    with open(output + '.json', 'w') as handle:
        json.dump(header, handle, separators=(',', ':'))
    with open(output + '.bin', 'wb') as handle:
        handle.write(file.data)
    print(f'{len(file.data)} bytes of weights, {len(checkpoint["vocabulary"])} units')


if __name__ == '__main__':
    export(*sys.argv[1:])
