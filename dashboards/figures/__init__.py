"""Drawings from values: layouts, SVG and Plotly figures. Pure."""
