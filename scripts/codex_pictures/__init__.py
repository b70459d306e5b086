"""The README's pictures of a made-up day.

`conversations` has what is asked, `play` sends it through a proxy, `take` takes the pictures of what was recorded.
"""
