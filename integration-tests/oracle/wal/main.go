// Command wal reads a member's log with etcd's own reader, as etcd does at a start.
//
//	wal read <directory>   the directory of the segments, member/wal
//
// It begins at the newest snapshot record that counts, and prints "<snapshot index> <last index> <term> <commit index>".
// Fails where etcd would; a torn tail, which etcd repairs, ends the log.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.uber.org/zap"
)

func main() {
	if len(os.Args) != 3 || os.Args[1] != "read" {
		fmt.Fprintln(os.Stderr, "usage: wal read <directory>")
		os.Exit(1)
	}
	if err := read(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "wal:", err)
		os.Exit(1)
	}
}

func read(directory string) error {
	quiet := zap.NewNop()
	snapshots, err := wal.ValidSnapshotEntries(quiet, directory)
	if err != nil {
		return fmt.Errorf("snapshot records: %w", err)
	}
	newest := &walpb.Snapshot{}
	for _, snapshot := range snapshots {
		if snapshot.GetIndex() >= newest.GetIndex() {
			newest = snapshot
		}
	}
	log, err := wal.OpenForRead(quiet, directory, newest)
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	defer log.Close()
	_, state, entries, err := log.ReadAll()
	if err != nil {
		return fmt.Errorf("reading: %w", err)
	}
	last := newest.GetIndex()
	for _, entry := range entries {
		if entry.GetIndex() != last+1 {
			return fmt.Errorf("entry %d follows %d", entry.GetIndex(), last)
		}
		last = entry.GetIndex()
	}
	fmt.Println(newest.GetIndex(), last, state.GetTerm(), state.GetCommit())
	return nil
}
