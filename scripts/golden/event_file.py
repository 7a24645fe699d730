"""Writes crates/train/tests/golden/event_file.tfevents: an event file as TensorBoard's own classes
write it. With a folder as argument it reads an event file back instead and prints what is in it.

Run with: python scripts/golden/event_file.py [FOLDER]  (tensorboard 2.21.0)
"""

import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

OUTPUT = pathlib.Path(__file__).parents[2] / "crates/train/tests/golden/event_file.tfevents"
START = 1.7e9


def events():
    yield Event(wall_time=START, file_version="brain.Event:2")
    image = Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=bytes(range(200)))
    grid = Summary.Value(tag="samples", image=image)
    yield Event(wall_time=START + 0.5, summary=Summary(value=[grid]))
    numbers = {
        "train/discriminator_loss": 1.25,
        "train/fake_logit": -2.0,
        "train/generator_loss": 0.1,
        "train/real_logit": 0.0,
    }
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in numbers.items()]
    yield Event(wall_time=START + 60, step=500, summary=Summary(value=values))
    score = Summary.Value(tag="score/sliced_wasserstein", simple_value=31.5)
    yield Event(wall_time=START + 61, step=500, summary=Summary(value=[score]))


def read_back(folder):
    board = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    board.Reload()
    tags = board.Tags()
    for tag in tags["scalars"]:
        points = [(event.step, event.value) for event in board.Scalars(tag)]
        print(tag, len(points), points[:2], points[-1])
    for tag in tags["images"]:
        pictures = board.Images(tag)
        sizes = [(event.step, event.height, event.width) for event in pictures]
        print(tag, sizes, pictures[0].encoded_image_string[:4])


def main():
    if len(sys.argv) > 1:
        return read_back(sys.argv[1])
    with OUTPUT.open("wb") as file:
        writer = RecordWriter(file)
        for event in events():
            writer.write(event.SerializeToString())
        writer.flush()


if __name__ == "__main__":
    main()
