"""tito: the command line of TinyTorch. It lists, starts, tests, completes and exports the lessons."""
