#!/bin/sh
# A program that starts and never says that it answers.
exec sleep 600
