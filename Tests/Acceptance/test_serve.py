"""What an operator sees of the server itself."""

from support import until


def test_the_figures_of_the_executor_are_those_of_the_executor(server):
    for config, status in (({}, "succeeded"), ({"exit": 3}, "failed")):
        assert server.wait_terminal(server.play(**config))["status"] == status
    there = server.directory / "there"
    waiting = server.play(ready=str(there), gate=str(server.directory / "never"))
    until(there.exists, what="the third process")
    assert server.post(f"/{waiting}/cancel").status_code == 200
    wanted = {"started": 3, "succeeded": 1, "failed": 1, "cancelled": 1}
    for path, member in (("/stats", "executor"), ("/health", "executor_stats")):

        def figures() -> dict:
            said = server.client.get(server.base + path).json()[member]
            return {name: said[name] for name in wanted}

        # The executor hears of a cancel by message, after the caller.
        until(lambda: figures()["cancelled"], what="the cancel in the figures")
        assert figures() == wanted
    assert "\nrunstream_processes_started_total 3\n" in server.client.get(server.base + "/metrics").text


def test_a_second_server_is_told_who_has_the_database(server, serve):
    second = serve(start=False, directory=server.directory).start(ready=False)
    assert second.wait(10) != 0
    assert "is in use by another server" in second.log()
    assert server.alive()


def test_a_file_that_is_no_database_is_refused_in_words(serve, tmp_path):
    (tmp_path / "not-sqlite").mkdir()
    (tmp_path / "not-sqlite" / "runs.db").write_text("no database " * 1000)
    server = serve(start=False, directory=tmp_path / "not-sqlite").start(ready=False)
    assert server.wait(10) != 0
    assert "runs.db cannot be used: " in server.log()
