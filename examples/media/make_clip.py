"""Makes the clip of the demo: six short scenes, each with its own picture and loudness, joined by hard cuts.

Run as `python make_clip.py PATH`. The same ffmpeg always makes the same clip; nothing is downloaded.
"""

import sys
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "modules"))

from _media import ffmpeg

SIZE, RATE, SOUND_RATE = "640x360", 25, 48000


@dataclass(frozen=True)
class Scene:
    """`picture` is a source of ffmpeg's, `sound` an expression of the time `t`, heard on both sides."""

    seconds: float
    picture: str
    sound: str


def _chord(level: float, *tones: float) -> str:
    """Tones with four overtones each, swelling twice a second; `level` is the most they can add up to."""
    voices = [f"sin({6.283185 * tone * part:.2f}*t)/{part}" for tone in tones for part in range(1, 6)]
    loudest = len(tones) * sum(1 / part for part in range(1, 6))
    return f"{level / loudest:.5f}*({'+'.join(voices)})*(0.75+0.25*sin(12.566*t))"


# A 1 kHz tone of -20 dBFS peak in both channels is -20 LUFS: what meters are set by.
_TONE = "0.1*sin(6283.185*t)"
_SURF = "0.18*(random(0)*2-1)*pow(0.5+0.5*sin(5.2*t-1.5),2)"
_DRIPS = "0.03*sin(2764.6*t*pow(1.26,mod(floor(t*8),5)))*exp(-14*mod(t,0.125))"
_RISE = "0.4*sin(1256.6*t+9000*t*t)*(0.6+0.4*sin(25*t))"

# A sun going down over water, drawn small and enlarged: an expression for every dot is slow.
# Where it shines is drawn for every frame, the evening behind it once.
_SUN = "clip(16-hypot(X-84,Y-26-T*6),0,1)*lt(Y,54)"
_GLINT = "gt(Y,54)*clip(6+(Y-54)*0.8-abs(X-84),0,1)*clip(0.4+sin(Y*1.6-T*6+3*sin(X*0.2+T*2)),0,1)"
_SEA = (
    f"color=black:s=160x90:r={RATE},format=gray,geq='255*max({_SUN},{_GLINT})',mergeplanes=0x000000:gbrp[shine];"
    f"color=#ffd678:s=160x90:r={RATE},format=gbrp[light];"
    f"color=black:s=160x90:r={RATE}:d=0.04,format=gbrp,"
    f"geq=r='if(gt(Y,54),46,190+Y)':g='if(gt(Y,54),40,60+Y*1.7)':b='if(gt(Y,54),92,150-Y*1.2)',"
    "loop=-1:1[evening];"
    "[evening][light][shine]maskedmerge,scale=640:360:flags=bicubic"
)
_LIFE = (
    f"life=s=128x72:r={RATE}:seed=7:ratio=0.22:mold=9:life_color=#ffd166:death_color=#1b6b4a:mold_color=#0b1d14"
    ",trim=start=2,setpts=PTS-STARTPTS,scale=640:360:flags=neighbor"
)
_FRACTAL = (
    f"mandelbrot=s={SIZE}:r={RATE}:maxiter=300:start_x=-0.743643:start_y=-0.131825"
    ":start_scale=0.02:end_scale=0.003:end_pts=65:inner=black"
)
_COLOURS = (
    f"gradients=s={SIZE}:r={RATE}:n=3:c0=#ff6b35:c1=#7b2cbf:c2=#3a86ff:x0=80:y0=40:x1=560:y1=320:seed=3:speed=0.03"
)

SCENES = (
    Scene(2.0, f"testsrc2=s={SIZE}:r={RATE}", _TONE),
    Scene(2.6, _FRACTAL, _chord(1.6, 110, 164.81, 277.18)),
    Scene(2.4, _SEA, _SURF),
    Scene(2.0, _LIFE, _DRIPS),
    Scene(1.8, _COLOURS, _RISE),
    Scene(1.2, f"color=black:s={SIZE}:r={RATE}", "0|0"),
)
# A film is cut where a scene ends and another begins; tests hold scene_cuts to these.
CUTS = tuple(round(total, 3) for total in accumulate(scene.seconds for scene in SCENES))[:-1]
DURATION = round(sum(scene.seconds for scene in SCENES), 3)


def make(path: Path, shrink: int = 1) -> None:
    """Write the clip (H.264 and AAC in whatever container the name asks for), so many times smaller each way."""
    inputs: list[str] = []
    for scene in SCENES:
        sound = f"aevalsrc='{scene.sound}':s={SOUND_RATE}:d={scene.seconds},pan=stereo|c0=c0|c1=c0"
        inputs += ["-f", "lavfi", "-t", str(scene.seconds), "-i", scene.picture, "-f", "lavfi", "-i", sound]
    small = f"scale=iw/{shrink}:ih/{shrink}:flags=area," if shrink > 1 else ""
    looks = ";".join(f"[{2 * n}:v]{small}format=yuv420p,setsar=1[v{n}]" for n in range(len(SCENES)))
    parts = "".join(f"[v{n}][{2 * n + 1}:a]" for n in range(len(SCENES)))
    joined = f"{looks};{parts}concat=n={len(SCENES)}:v=1:a=1[v][a]"
    codecs = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "50", "-c:a", "aac", "-b:a", "128k"]
    title = ["-metadata", "title=The demo clip of job_manager"]
    ffmpeg.run([*inputs, "-filter_complex", joined, "-map", "[v]", "-map", "[a]", *codecs, *title, f"file:{path}"], 0)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not all(number.isdigit() and int(number) for number in sys.argv[2:]):
        sys.exit("usage: python make_clip.py PATH.mp4 [HOW MANY TIMES SMALLER]")
    try:
        make(Path(sys.argv[1]).absolute(), *map(int, sys.argv[2:]))
    except (ffmpeg.Unusable, OSError) as error:
        sys.exit(f"make_clip: {error}")
