"""Settings: read once, typed; what is wrong is said in one line."""

from pathlib import Path

import pytest

from palabre.config import BadSettings, Limits, Settings, load_settings, variables

OPERATE = Path(__file__).parents[2] / "docs" / "operate" / "settings.md"


def test_without_any_variable_everything_has_a_default() -> None:
    settings = load_settings({"HOME": "/root"})
    assert (settings.http_port, settings.edge_port, settings.media_port) == (8080, 8081, 8082)
    assert settings.database_url is None


def test_variables_are_read_by_type() -> None:
    environ = {
        "PALABRE_DATA": "/srv/palabre",
        "PALABRE_HTTP_PORT": "80",
        "PALABRE_EDGE_URL": "https://edge.example/",
        "PALABRE_MEDIA_ADDRESSES": "192.0.2.1, 2001:db8::1",
        "PALABRE_PROXIES": "192.0.2.7",
        "PALABRE_METRICS_FOR": "192.0.2.7,10.0.0.0/8",
        "PALABRE_LIMIT_PARTICIPANTS": "50",
    }
    settings = load_settings(environ)
    assert (settings.data, settings.http_port) == (Path("/srv/palabre"), 80)
    assert settings.edge_url == "https://edge.example"
    assert settings.media_addresses == ("192.0.2.1", "2001:db8::1")
    assert settings.proxies == ("192.0.2.7",)
    assert settings.metrics_for == ("192.0.2.7/32", "10.0.0.0/8")
    assert settings.limits.participants == 50


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("PALABRE_HTTP_PROT", "80", "Did you mean PALABRE_HTTP_PORT?"),
        ("PALABRE_LIMITS", "{}", "There is no setting PALABRE_LIMITS."),
        ("PALABRE_HTTP_PORT", "eighty", "PALABRE_HTTP_PORT: Input should be a valid integer"),
        ("PALABRE_HTTP_PORT", "70000", "PALABRE_HTTP_PORT: "),
        ("PALABRE_EDGE_URL", "edge.example", "a URL starts with http:// or https://"),
        (
            "PALABRE_PROXIES",
            "127.0.0.1,proxy.example",
            "'proxy.example' does not appear to be an IPv4 or IPv6 address",
        ),
        ("PALABRE_LIMIT_LIVE_ROOMS", "0", "PALABRE_LIMIT_LIVE_ROOMS: "),
        ("PALABRE_SHARDS", "256", "PALABRE_SHARDS: Input should be less than or equal to 255"),
    ],
)
def test_a_wrong_variable_stops_the_start_with_one_line(key: str, value: str, said: str) -> None:
    with pytest.raises(BadSettings) as refusal:
        load_settings({key: value})
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_operators_page_lists_every_setting_with_its_meaning() -> None:
    page = OPERATE.read_text()
    for model in (Settings, Limits):
        for name, variable in variables(model).items():
            field = model.model_fields[name]
            assert f"| `{variable}` |" in page, variable
            assert str(field.description) in page, variable
