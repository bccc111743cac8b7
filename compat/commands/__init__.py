"""The commands, one file each: ``add_arguments(parser)``, and ``main(arguments)`` that returns the exit status."""
