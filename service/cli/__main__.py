"""``python -m service.cli``: the same as ``vitrine``, for launchers (``torchrun``) that start a module."""

from __future__ import annotations

from service.cli import main

if __name__ == "__main__":
    main()
