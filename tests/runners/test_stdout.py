from k6_mcp.runners.stdout import StdoutReader

BLOCK = b"""
running (0m07.8s), 300/300 VUs, 1500 complete and 2 interrupted iterations
default   [   8% ] 300 VUs  0m05.3s/1m2s
"""


def test_a_progress_block_gives_time_vus_iterations_and_percent() -> None:
    reader = StdoutReader()
    reader.feed(BLOCK)
    progress = reader.progress
    assert progress is not None
    assert (progress.elapsed_s, progress.vus, progress.max_vus) == (7.8, 300, 300)
    assert (progress.iterations, progress.interrupted, progress.percent) == (1500, 2, 8.0)


def test_several_scenarios_give_their_mean_percent() -> None:
    reader = StdoutReader()
    reader.feed(b"running (1m00.5s), 002/004 VUs, 7 complete and 0 interrupted iterations\n")
    reader.feed("b    • [   0% ] waiting  0.0s\na    ✓ [ 100% ] 2 VUs    10s\n".encode())
    assert reader.progress is not None
    assert (reader.progress.elapsed_s, reader.progress.percent) == (60.5, 50.0)


def test_a_block_in_single_bytes_is_read_the_same() -> None:
    reader = StdoutReader()
    for byte in BLOCK:
        reader.feed(bytes([byte]))
    assert reader.progress is not None and reader.progress.percent == 8.0


def test_text_after_the_start_is_kept_and_the_banner_is_not() -> None:
    reader = StdoutReader()
    reader.feed(b"  execution: local\nInit      [ 100% ] 2/2 VUs initialized\n" + BLOCK + b"my own summary\n")
    assert reader.text == "my own summary"


def test_printed_text_is_capped() -> None:
    reader = StdoutReader()
    reader.feed(BLOCK)
    for _ in range(3000):
        reader.feed(b"y" * 1000 + b"\n")
    assert len(reader.text) < 210_000
