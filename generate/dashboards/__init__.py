"""Grafana's dashboards as code: boards.py says what they show, render.py makes JSON of it."""
