//! A small client for our own tools: the command line, the quickstart, the tests.
