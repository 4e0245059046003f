"""Acoustic features, identical to those of src/speech/asr/builtin/features.ts.

One *step* covers 30 ms: three 10 ms frames. A step starts at sample 240 * i and uses 360 samples.
Feature vector of a step (184 values):
  0..119    three frames of 40 log-mel energies, minus the global mean, over the global deviation
  120..159  mean of the three frames minus a running mean (time constant 0.6 s), over 2
  160..183  24 values of a root-spectrum autocorrelation (pitch lags 80..444 Hz) times 2
"""
import numpy as np
import torch

SAMPLE_RATE = 8000
HOP = 80
WINDOW = 200
FFT_SIZE = 256
MELS = 40
STACK = 3
STEP_SAMPLES = HOP * STACK
STEP_SPAN = STEP_SAMPLES - HOP + WINDOW  # 360 samples
ENERGY_FLOOR = 1e4
RUNNING_RATE = 0.05  # share of the new value in the running mean, per step
PITCH_FFT = 512
PITCH_BINS = (4, 78)  # 62..1200 Hz
PITCH_LAGS = 24
FEATURES = STACK * MELS + MELS + PITCH_LAGS


def mel_filters():
    """Triangular filters, 120..3700 Hz: (40, 129)."""
    mel = lambda hz: 1127 * np.log(1 + hz / 700)
    edges = 700 * (np.exp(np.linspace(mel(120), mel(3700), MELS + 2) / 1127) - 1)
    bins = np.linspace(0, SAMPLE_RATE / 2, FFT_SIZE // 2 + 1)
    filters = np.zeros((MELS, len(bins)), np.float32)
    for m in range(MELS):
        low, center, high = edges[m:m + 3]
        filters[m] = np.clip(np.minimum((bins - low) / (center - low), (high - bins) / (high - center)), 0, None)
    return torch.tensor(filters)


def pitch_matrix():
    """Cosine sums that turn a root spectrum into an autocorrelation: (24, 74)."""
    lags = np.exp(np.linspace(np.log(18), np.log(100), PITCH_LAGS))
    bins = np.arange(*PITCH_BINS)
    return torch.tensor(np.cos(2 * np.pi * np.outer(lags, bins) / PITCH_FFT), dtype=torch.float32)


def periodic_hann(size):
    return torch.hann_window(size, periodic=True)


MEL_FILTERS = mel_filters()
PITCH_MATRIX = pitch_matrix()
MEL_WINDOW = periodic_hann(WINDOW)
PITCH_WINDOW = periodic_hann(STEP_SPAN)


def raw_features(pcm):
    """int16 samples -> (log-mel (steps, 3, 40), pitch (steps, 24))."""
    steps = (len(pcm) - STEP_SPAN) // STEP_SAMPLES + 1
    if steps < 1:
        return torch.zeros(0, STACK, MELS), torch.zeros(0, PITCH_LAGS)
    signal = torch.from_numpy(pcm.astype(np.float32))
    frames = signal.unfold(0, WINDOW, HOP)[:steps * STACK] * MEL_WINDOW
    power = torch.fft.rfft(frames, FFT_SIZE).abs() ** 2
    logmel = torch.log(power @ MEL_FILTERS.T + ENERGY_FLOOR).reshape(steps, STACK, MELS)
    spans = signal.unfold(0, STEP_SPAN, STEP_SAMPLES)[:steps] * PITCH_WINDOW
    root = torch.fft.rfft(spans, PITCH_FFT)[:, PITCH_BINS[0]:PITCH_BINS[1]].abs().sqrt()
    pitch = 2 * (root @ PITCH_MATRIX.T) / (root.sum(1, keepdim=True) + 1.0)
    return logmel, pitch


def running_means(step_means, start):
    """Causal running mean before each step: (steps, 40) from step means (steps, 40) and a start value (40)."""
    means = np.empty_like(step_means)
    state = start.copy()
    for i in range(len(step_means)):
        means[i] = state
        state += RUNNING_RATE * (step_means[i] - state)
    return means


def assemble(logmel, pitch, mean, deviation, start=None):
    """Feature matrix (steps, 184). `mean`, `deviation`: (40) arrays; `start`: initial running mean, default `mean`."""
    steps = len(logmel)
    step_means = logmel.mean(1).numpy()
    running = running_means(step_means, np.asarray(mean if start is None else start, np.float32))
    absolute = (logmel.numpy() - mean) / deviation
    relative = (step_means - running) / 2
    return np.concatenate([absolute.reshape(steps, STACK * MELS), relative, pitch.numpy()], 1).astype(np.float32)
