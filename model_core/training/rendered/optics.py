"""The camera: from light to the numbers in a file, with everything that goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from model_core.training.rendered.fields import blur, chance, grid, log_uniform, uniform, white


@dataclass(frozen=True)
class Camera:
    """How light `(C, Y, X)`, in any unit, becomes an image.

    psf: blur in px. noise: standard deviation at mid signal as a share of the light's range; `shot` of it
    (0..1) grows with the root of the signal. grain: blur of the noise in px (resampled images). shading:
    depth of the uneven illumination as a share of the range. black, white: where the range lies in the file.
    """

    psf: float = 0.8
    noise: float = 0.02
    shot: float = 0.5
    grain: float = 0.0
    shading: float = 0.1
    multiplies: bool = False
    black: float = 10.0
    white: float = 200.0
    maximum: float = 255.0
    hot_pixels: float = 0.0
    stripes: float = 0.0
    jpeg: int = 0
    defocus: float = 0.0


def _limits(diameter: float) -> tuple[float, float]:
    """Factors on blur and noise."""
    return min(diameter / 22, 1.0), min(diameter / 30, 1.0) ** 0.7


def _file_range(rng: np.random.Generator, camera: Camera) -> Camera:
    """8 bit, 12 bit or 16 bit, with some of the range used; a few are so dim that grey levels show."""
    if chance(rng, 0.07):
        low = uniform(rng, 0, 20)
        return replace(camera, black=low, white=low + log_uniform(rng, 10, 50), maximum=255.0)
    if chance(rng, 0.55):
        low = uniform(rng, 0, 70)
        return replace(camera, black=low, white=low + uniform(rng, 50, 254 - low), maximum=255.0)
    low, most = log_uniform(rng, 20, 1500), 4095.0 if chance(rng, 0.4) else 65535.0
    return replace(camera, black=low, white=low + log_uniform(rng, 150, 0.9 * (most - low)), maximum=most)


def fluorescence_camera(rng: np.random.Generator, diameter: float = 30.0) -> Camera:
    """`diameter`: px of the finest thing that must stay visible; small ones get less blur and less noise."""
    fine, quiet = _limits(diameter)
    camera = Camera(
        psf=fine * log_uniform(rng, 0.5, 2.0),
        noise=quiet * (log_uniform(rng, 0.004, 0.09) if chance(rng, 0.9) else uniform(rng, 0.09, 0.25)),
        shot=uniform(rng, 0.3, 1.0),
        grain=uniform(rng, 0.4, 1.0) if chance(rng, 0.25) else 0.0,
        shading=uniform(rng, 0, 0.12),
        multiplies=chance(rng, 0.5),
        hot_pixels=log_uniform(rng, 1e-5, 5e-4) if chance(rng, 0.2) else 0.0,
        jpeg=int(rng.integers(75, 97)) if chance(rng, 0.1) else 0,
        defocus=fine * uniform(rng, 1, 2.5) if chance(rng, 0.15) else 0.0,
    )
    return _file_range(rng, camera)


def transmitted_camera(rng: np.random.Generator, diameter: float = 30.0) -> Camera:
    """As `fluorescence_camera`, for brighter light and uneven illumination."""
    fine, quiet = _limits(diameter)
    camera = Camera(
        psf=fine * log_uniform(rng, 0.4, 1.6),
        noise=quiet * log_uniform(rng, 0.003, 0.04),
        shot=uniform(rng, 0, 0.6),
        grain=uniform(rng, 0.4, 1.2) if chance(rng, 0.3) else 0.0,
        shading=uniform(rng, 0, 0.3),
        hot_pixels=log_uniform(rng, 1e-5, 2e-4) if chance(rng, 0.08) else 0.0,
        jpeg=int(rng.integers(70, 97)) if chance(rng, 0.15) else 0,
        defocus=fine * uniform(rng, 0.8, 2.2) if chance(rng, 0.15) else 0.0,
    )
    return _file_range(rng, camera)


def electron_camera(rng: np.random.Generator) -> Camera:
    camera = Camera(
        psf=log_uniform(rng, 0.4, 1.2),
        noise=log_uniform(rng, 0.01, 0.12),
        shot=uniform(rng, 0, 0.7),
        grain=uniform(rng, 0.4, 0.9) if chance(rng, 0.4) else 0.0,
        shading=uniform(rng, 0, 0.15),
        stripes=uniform(rng, 0.003, 0.02) if chance(rng, 0.25) else 0.0,
        jpeg=int(rng.integers(70, 97)) if chance(rng, 0.15) else 0,
    )
    low = uniform(rng, 0, 50)
    return replace(camera, black=low, white=low + uniform(rng, 90, 254 - low), maximum=255.0)


def colour_camera(rng: np.random.Generator) -> Camera:
    """RGB light 0..1 becomes 8 bit as it is: colours carry meaning, so the range is not stretched."""
    return Camera(
        psf=log_uniform(rng, 0.4, 1.5),
        noise=log_uniform(rng, 0.003, 0.04),
        shot=uniform(rng, 0, 0.6),
        grain=uniform(rng, 0.4, 1.2) if chance(rng, 0.4) else 0.0,
        shading=uniform(rng, 0, 0.12),
        multiplies=True,
        black=0.0,
        white=255.0,
        jpeg=int(rng.integers(50, 96)) if chance(rng, 0.4) else 0,
        defocus=uniform(rng, 0.8, 2.0) if chance(rng, 0.12) else 0.0,
    )


def focus(light: np.ndarray, camera: Camera) -> np.ndarray:
    """Light through the lens: blurred by the PSF, and by the defocus when there is one."""
    sigma = float(np.hypot(camera.psf, camera.defocus))
    return np.stack([blur(np.ascontiguousarray(channel, np.float32), sigma) for channel in light])


def _shading(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Uneven illumination, -1..1: a slope and a bright spot somewhere."""
    x, y = grid(shape)
    x, y = x / shape[1] - 0.5, y / shape[0] - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    slope = x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))
    spot = (x - np.float32(rng.normal(0, 0.3))) ** 2 + (y - np.float32(rng.normal(0, 0.3))) ** 2
    return np.float32(rng.uniform(-1, 1)) * slope * 1.4 - np.float32(rng.uniform(0, 1)) * (spot * 2 - 0.4)


def expose(rng: np.random.Generator, light: np.ndarray, camera: Camera) -> np.ndarray:
    """Light `(C, Y, X)`, already in focus, as the file holds it: float32, whole numbers in file units.

    A camera of `black` 0 and `white` 255 takes light 0..1 as it is; any other one lays the light's own range
    between black and white, each channel for itself, as separate exposures do.
    """
    shape = (light.shape[1], light.shape[2])
    absolute = camera.black == 0.0 and camera.white == 255.0
    shade = _shading(rng, shape) * np.float32(camera.shading)
    channels = []
    for channel in light:
        if absolute:
            signal = channel.astype(np.float32, copy=False)
        else:
            low, high = np.quantile(channel[::2, ::2], (0.002, 0.998))
            signal = (channel - np.float32(low)) / np.float32(max(high - low, 1e-6))
        signal = signal * (1 + 2 * shade) if camera.multiplies else signal + shade
        level = np.clip(signal, 0, 1.5)
        spread = np.sqrt((1 - camera.shot) + camera.shot * (2 * level + 0.03)) * np.float32(camera.noise)
        noise = white(rng, shape)
        if camera.grain > 0:
            noise = cv2.GaussianBlur(noise, (0, 0), camera.grain) * np.float32(1 + 2 * camera.grain)
        signal = signal + noise * spread
        if camera.stripes > 0:
            signal = signal + np.float32(camera.stripes) * rng.standard_normal(
                (shape[0], 1), dtype=np.float32
            )
        channels.append(signal)
    image = np.stack(channels) * np.float32(camera.white - camera.black) + np.float32(camera.black)
    if camera.hot_pixels > 0:
        count = rng.poisson(camera.hot_pixels * shape[0] * shape[1])
        y, x = rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)
        image[:, y, x] += np.float32(camera.white) * rng.uniform(0.2, 1.5, count).astype(np.float32)
    image = np.clip(np.rint(image), 0, camera.maximum)
    if camera.jpeg and camera.maximum <= 255 and len(image) in (1, 3):
        pixels = np.ascontiguousarray(image.transpose(1, 2, 0)[..., ::-1].astype(np.uint8))
        _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, camera.jpeg])
        mode = cv2.IMREAD_COLOR if len(image) == 3 else cv2.IMREAD_GRAYSCALE
        unpacked = np.atleast_3d(np.asarray(cv2.imdecode(packed, mode)))
        image = unpacked[..., ::-1].transpose(2, 0, 1).astype(np.float32)
    return np.ascontiguousarray(image, np.float32)
