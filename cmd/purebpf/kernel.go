package main

// kernelCommands are the commands that ask the kernel.
func kernelCommands() []command { return nil }
