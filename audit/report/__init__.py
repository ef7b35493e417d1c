"""The report document as text for a terminal and as one offline HTML page.

Display only: everything here formats, orders and draws numbers that the report document already holds
(`audit.report.document.ReportDocument`), and derives none. Import `render_text` from `audit.report.text`
and `render_html` from `audit.report.html`, so that a command pays only for the one it uses.
"""
