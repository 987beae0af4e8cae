package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// writeFile replaces the contents of a file as one step: whoever reads it sees what was there before or all of data, also
// when this process is killed or the disk is full. Devices and pipes are written to as they are.
func writeFile(path string, data []byte) (err error) {
	// A symbolic link stays one.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	exists := err == nil
	if exists && !info.Mode().IsRegular() {
		return writeDevice(path, data)
	}
	temporary, err := createBeside(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	if exists { // who may read it stays as it was
		err = temporary.Chmod(info.Mode().Perm())
	}
	if err == nil {
		_, err = temporary.Write(data)
	}
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// createBeside creates an empty file in the same folder, so that it can be renamed, with the mode that the user's umask
// leaves.
func createBeside(path string) (*os.File, error) {
	folder, base := filepath.Split(path)
	for try := 0; ; try++ {
		name := folder + "." + base + "." + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(try)
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		var failed *fs.PathError
		switch {
		case err == nil:
			return file, nil
		case errors.Is(err, fs.ErrExist) && try < 100:
			continue
		case errors.As(err, &failed):
			return nil, failed.Err // without the name, which is not the one that the user gave
		}
		return nil, err
	}
}

func writeDevice(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// syncFolder makes a rename last. Where folders cannot be synchronized there is nothing to do.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return nil
	}
	folder.Sync()
	return folder.Close()
}

// maxInput is the size of the largest input that is read, in bytes. A million instructions in JSON are a third of it.
const maxInput = 256 << 20

// readFile returns the contents of a file, or of standard input for "-", and its name for messages.
func (c *console) readFile(arg string) (name string, data []byte, err error) {
	if arg == "-" {
		data, err = readAll("standard input", c.stdin)
		return "<stdin>", data, err
	}
	file, err := os.Open(arg)
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	data, err = readAll(arg, file)
	return arg, data, err
}

func readAll(name string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("read %s: %w", name, failed.Err)
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case len(data) > maxInput:
		return nil, fmt.Errorf("read %s: more than %d MiB", name, maxInput>>20)
	}
	return data, nil
}
