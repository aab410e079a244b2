"""Settings: what the environment says is used or refused by name, and the signing key is made once."""

from __future__ import annotations

import multiprocessing
import os
import stat

import pytest

from config import Settings, WrongSetting

MAKERS = 16


def _make_key(folder, start, found):
    start.wait()
    found.put(Settings(data_dir=folder).ensured_secret_key())


class TestTheSigningKey:
    def test_processes_that_make_it_at_once_get_the_same(self, tmp_path):
        several = multiprocessing.get_context("fork")
        for attempt in range(5):
            folder, start, found = tmp_path / str(attempt), several.Event(), several.Queue()
            makers = [several.Process(target=_make_key, args=(folder, start, found)) for _ in range(MAKERS)]
            for maker in makers:
                maker.start()
            start.set()
            keys = {found.get(timeout=30) for _ in makers}
            for maker in makers:
                maker.join()
            assert len(keys) == 1 and len(keys.pop()) > 40
            assert [path.name for path in folder.iterdir()] == ["secret_key"], "no draft is left"

    @pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights otherwise")
    def test_its_owner_alone_reads_it(self, tmp_path):
        Settings(data_dir=tmp_path).ensured_secret_key()
        assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600

    def test_an_empty_file_signs_nothing(self, tmp_path):
        (tmp_path / "secret_key").write_text("\n")
        with pytest.raises(WrongSetting, match="secret_key is empty"):
            Settings(data_dir=tmp_path).ensured_secret_key()


class TestTheEnvironment:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PORT", "80a"),
            ("PORT", "70000"),
            ("THREADS", "0"),
            ("BASE_URL", "kehu.example.com"),
            ("SMTP_URL", "http://mail"),
            ("MAIL_FROM", "nobody"),
            ("LOCALE", "fr"),
            ("TIMEZONE", "Asia/Peking"),
            ("COUNTRY", "China"),
            ("CURRENCY", "¥"),
            ("RUN_JOBS", "maybe"),
            ("LOG_LEVEL", "LOUD"),
        ],
    )
    def test_what_can_not_be_used_is_refused_by_name(self, name, value):
        with pytest.raises(WrongSetting, match=f"KEHU_{name}={value!r}"):
            Settings.from_env({f"KEHU_{name}": value})

    def test_what_is_set_is_used_and_an_empty_value_is_none(self):
        found = Settings.from_env({"KEHU_TIMEZONE": "Europe/Paris", "KEHU_PORT": " 81 ", "KEHU_LOCALE": ""})
        assert (found.timezone, found.port, found.locale) == ("Europe/Paris", 81, "en")
