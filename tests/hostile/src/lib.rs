//! A node under hostile clients and plugins, over real sockets: all of it is in `tests/`.
