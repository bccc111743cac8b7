"""What a case file uses: operations, fixtures, networks; and how a case file is loaded."""
