package golden

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// write puts the text into the file at path, all of it or nothing, and makes the folders on the way. A file that is
// there keeps its permissions; of a symbolic link the target is written.
func write(path, text string) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	mode := os.FileMode(0o666)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		mode = info.Mode().Perm()
	}
	// In the same folder, as renaming wants it. Created here and not by os.CreateTemp, whose files are for their
	// owner alone: these get the permissions of every other file.
	temp := fmt.Sprintf("%s.%016x.tmp", path, rand.Uint64())
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp) // the error to return is why it is of no use
		}
	}()
	_, err = f.WriteString(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp, path)
}
