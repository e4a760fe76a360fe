"""The form browser's reading of pages and its codes, without a server."""

import pyotp

from connector.embedded.browser import _Page, totp_code


def test_totp_code_equals_that_of_another_implementation() -> None:
    import base64

    key = b"FIl25yMwDHHbja7KyDAF"
    other = pyotp.TOTP(base64.b32encode(key).decode())
    assert [totp_code(key, step) for step in range(50)] == [other.generate_otp(step) for step in range(50)]


def test_read_page_with_empty_error_containers_has_no_error() -> None:
    page = _Page(
        '<form action="/a?b=1&amp;c=2"><div id="input-error-container-username"></div>'
        '<input name="username"><input name="password" type="password"><input type="hidden" name="h" value="v"></form>'
    )
    assert (page.name, page.form, page.hidden, page.error) == ("login", "/a?b=1&c=2", {"h": "v"}, "")


def test_read_page_with_an_error_tells_it() -> None:
    page = _Page('<form action="/a"><span id="input-error-username">无效的用户名或密码。</span></form>')
    assert page.error == "无效的用户名或密码。"
