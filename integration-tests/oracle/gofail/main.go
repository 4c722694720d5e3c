// Command gofail serves the control of etcd's fail point library, over places that the arguments name.
//
//	GOFAIL_HTTP=127.0.0.1:port gofail <name>...
//
// It carries a place out for each name that it reads from standard input, and prints what the terms return.
package main

import (
	"bufio"
	"fmt"
	"os"

	"go.etcd.io/gofail/runtime"
)

func main() {
	places := map[string]*runtime.Failpoint{}
	for _, name := range os.Args[1:] {
		places[name] = runtime.NewFailpoint(name)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		value, err := places[in.Text()].Acquire()
		fmt.Println(value, err)
	}
}
