"""tito roofline [NN | FILE.py:MODEL]"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tito.cli import show
from tito.cli.options import Answer, json_option, project_here
from tito.errors import TitoError


class Shape(click.ParamType):
    """Whole numbers with commas between them: 64,784."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
            self.fail(f"{value!r} is not a shape; write positive whole numbers, the batch first: 64,784", param, ctx)
        return tuple(int(part) for part in parts)


@click.command("roofline")
@click.argument("target", metavar="[NN | FILE.py:MODEL]", default="18")
@click.option("--shape", type=Shape(), help="Of the model's input, batch included, for example 64,784.")
@click.option("--backward", is_flag=True, help="Also the model's backward pass, from the mean of its result.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The picture, .png, .svg or .pdf; without it, roofline.png in the folder build.",
)
@json_option
def roofline(target: str, shape: tuple[int, ...] | None, backward: bool, output: Path | None) -> Answer:
    """Plot a lesson's functions, or a model, under the roof.

    The roof is this machine's, and is measured. MODEL is the name of a model in a Python file: it can be called with a
    tensor, and has parameters().
    """
    from tito.lesson.find import find_lesson
    from tito.roofline import importing_from, roofline_of_lesson, roofline_of_model

    project = project_here()
    picture = output or project.build / "roofline.png"
    file, colon, name = target.rpartition(":")
    if target.endswith(".py") or (colon and not name):
        raise TitoError(f"{target} does not say which model.", "Write the file and the name of the model: net.py:model")
    if not colon and (shape or backward):
        raise TitoError("--shape and --backward are for a model in a file.", "For example: net.py:model --shape 64,784")
    if colon and shape is None:
        raise TitoError("What input does the model take?", f"Say it, batch included: {target} --shape 64,784")
    with importing_from(project.root):
        if colon:
            done = roofline_of_model(Path(file), name, shape, backward, picture, show.note)
        else:
            done = roofline_of_lesson(find_lesson(project, target).module, picture, show.note)
        from tinytorch.support.tables import table

        roof = f"{done.flops / 1e9:.1f} GFLOP/s, {done.bandwidth / 1e9:.1f} GB/s from memory, one thread"
        click.echo(table(done.rows, f"{done.what}; measured roof: {roof}"))
        if done.above:
            show.say(f"\n{done.above}")
        show.say(f"\nPicture: {project.relative(done.picture.resolve())}")
    return Answer(done)
