"""HTTP and folders: how the harness reaches a payer. The only place that imports httpx."""
