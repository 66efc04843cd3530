"""Serve a page on which a model can be tried: drop a picture, or use the camera.

    python tools/deployment/demo.py RUN          # or CONFIG CHECKPOINT, or a published file
    python tools/deployment/demo.py NAME --port 8080

A classifier shows its five best classes and what it looked at, a detector its boxes. The page is
for this machine alone unless --host says otherwise; pictures are not stored.
"""
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine import command_line


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C.

    Raises:
        OSError: The port is taken.
        ValueError: See ``plugins.apis.load.load_model``.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    command_line.add_trained(parser)
    parser.add_argument('--host', default='127.0.0.1',
                        help='address to listen on; 0.0.0.0 lets others in (default: 127.0.0.1)')
    parser.add_argument('--port', type=command_line.port, default=8000, help='default: 8000')
    command_line.add_model_options(parser)
    args = command_line.parse_trained(parser, argv)
    from waitress.server import create_server

    from plugins.apis.demo import MOST_MEGABYTES, make_app
    from plugins.apis.load import load_model

    app = make_app(load_model(args.config, args.checkpoint, args.device, args.cfg_options,
                              args.trust_checkpoint))
    server = create_server(app, host=args.host, port=args.port, ident=None,
                           max_request_body_size=2_000_000 * MOST_MEGABYTES)
    print(f'Open http://{args.host}:{args.port} in a browser; Ctrl-C ends it', flush=True)
    server.run()


if __name__ == '__main__':
    command_line.run(main)
