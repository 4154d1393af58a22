"""The agent on a bench host. The README of `infra/bench-host` says what it does; `entry` is where to begin reading."""
