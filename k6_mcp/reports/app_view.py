"""The HTML report inside a client's window.

One page serves all runs; a view holds what the page shows of one run.
"""

from k6_mcp.models.base import Model
from k6_mcp.reports.html import render_fragment
from k6_mcp.reports.pages import render_page
from k6_mcp.reports.run_view import PageData, RunView, page_data


class AppView(Model):
    """What the page shows of one run.

    Every text in `html` is escaped, `data` feeds its charts. `final` means that the view won't change again.
    """

    run_id: str
    final: bool
    html: str
    data: PageData


def app_page() -> str:
    """Return the page, which stays empty until its host sends it a run."""
    return render_page("app.html.j2", script="app.js")


def app_view(view: RunView) -> AppView:
    """Return what the page shows of a run."""
    data = page_data(view)
    return AppView(run_id=view.run.run_id, final=data.final, html=render_fragment(view), data=data)
