"""Commands of the menu Model: learning from corrections, and what to label next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cellpose_gui.actions import Command
from cellpose_gui.commands.when import When

if TYPE_CHECKING:
    from cellpose_gui.main_window import MainWindow


def learn_commands(window: MainWindow) -> list[Command]:
    model, when, learning = partial(Command, menu="Model"), When(window), window.learning
    training = learning.training

    def running() -> bool:
        return training.running

    offer = partial(model, section="offer", when=lambda: training.offer is not None)

    return [
        model(
            "retrain",
            "&Retrain",
            do=learning.retrain,
            keys=("Ctrl+T",),
            help="Learn from all corrected and accepted cells of this folder, while you go on",
            icon="retrain",
            section="train",
            when=when.image,
            in_bar=True,
        ),
        model(
            "retrain_options",
            "Retrain with &options…",
            do=learning.ask_options,
            help="Start model, images, time, learning rate, name",
            section="train",
            when=when.image,
        ),
        model(
            "pause_training",
            "&Pause training",
            do=training.toggle_pause,
            section="train",
            when=running,
            checked=lambda: training.paused,
        ),
        model(
            "stop_training",
            "&Stop training",
            do=training.stop,
            help="End the training; the best so far is offered",
            section="train",
            when=running,
        ),
        model(
            "resume_training",
            "Res&ume training",
            do=learning.resume,
            help="Go on with the training that was interrupted",
            section="train",
            when=lambda: training.interrupted_in is not None,
        ),
        offer(
            "use_new_model",
            "&Use the new model",
            do=training.use,
            help="What was trained last finds the cells from now on",
        ),
        offer(
            "keep_old_model",
            "&Keep the old model",
            do=training.keep_old,
            help="What was trained last is put away; it can be brought back",
        ),
        offer(
            "compare_new_model",
            "&Compare on this image",
            do=learning.compare_here,
            help="White dashed outlines: what the new model finds in the open image",
        ),
        model(
            "label_next",
            "&Next to label",
            do=learning.label_next,
            keys=("Shift+N",),
            help="Go to the image, or the part of it, from which the model can learn most",
            icon="label_next",
            section="next",
            when=when.image,
            in_bar=True,
        ),
        model(
            "roll_back",
            "&Back to the parent model",
            do=learning.roll_back,
            help="Use the model that the present one was made from; both are kept",
            section="models",
        ),
        model(
            "import_model",
            "&Import a model…",
            do=window.questions.ask_model,
            help="Also one of Cellpose 1 to 3",
            section="models",
        ),
    ]
