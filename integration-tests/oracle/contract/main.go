// Command contract prints the wire contract of etcd's Go modules as a table of tab-separated lines:
//
//	field    message  name  number  type  label  oneof  packed
//	message  message
//	value    enum     name  number
//	rpc      service  method  input  output  client-streaming  server-streaming
//
// It reads the file descriptors that the generated Go code registers, so it shows what real etcd
// speaks, not what a copy of its .proto files says.
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "go.etcd.io/etcd/api/v3/authpb"
	_ "go.etcd.io/etcd/api/v3/etcdserverpb"
	_ "go.etcd.io/etcd/api/v3/membershippb"
	_ "go.etcd.io/etcd/api/v3/mvccpb"
	_ "go.etcd.io/etcd/server/v3/etcdserver/api/snap/snappb"
	_ "go.etcd.io/etcd/server/v3/etcdserver/api/v3election/v3electionpb"
	_ "go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"
	_ "go.etcd.io/etcd/server/v3/lease/leasepb"
	_ "go.etcd.io/etcd/server/v3/storage/wal/walpb"
	_ "go.etcd.io/raft/v3/raftpb"
)

func main() {
	var lines []string
	add := func(columns ...any) {
		text := make([]string, len(columns))
		for i, column := range columns {
			text[i] = fmt.Sprint(column)
		}
		lines = append(lines, strings.Join(text, "\t"))
	}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		switch pkg := string(file.Package()); {
		case strings.HasPrefix(pkg, "google."), strings.HasPrefix(pkg, "gogoproto"),
			strings.HasPrefix(pkg, "grpc."), strings.HasPrefix(pkg, "versionpb"), pkg == "pb":
			return true
		}
		enums(file.Enums(), add)
		messages(file.Messages(), add)
		for i := 0; i < file.Services().Len(); i++ {
			service := file.Services().Get(i)
			for j := 0; j < service.Methods().Len(); j++ {
				m := service.Methods().Get(j)
				add("rpc", service.FullName(), m.Name(), m.Input().FullName(), m.Output().FullName(),
					m.IsStreamingClient(), m.IsStreamingServer())
			}
		}
		return true
	})
	sort.Strings(lines)
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func enums(list protoreflect.EnumDescriptors, add func(...any)) {
	for i := 0; i < list.Len(); i++ {
		enum := list.Get(i)
		for j := 0; j < enum.Values().Len(); j++ {
			value := enum.Values().Get(j)
			add("value", enum.FullName(), value.Name(), value.Number())
		}
	}
}

func messages(list protoreflect.MessageDescriptors, add func(...any)) {
	for i := 0; i < list.Len(); i++ {
		message := list.Get(i)
		if message.IsMapEntry() {
			continue
		}
		add("message", message.FullName())
		for j := 0; j < message.Fields().Len(); j++ {
			field := message.Fields().Get(j)
			kind := field.Kind().String()
			switch {
			case field.Message() != nil:
				kind = string(field.Message().FullName())
			case field.Enum() != nil:
				kind = string(field.Enum().FullName())
			}
			oneof := "-"
			if o := field.ContainingOneof(); o != nil && !o.IsSynthetic() {
				oneof = string(o.Name())
			}
			packed := "-"
			if field.IsList() {
				packed = fmt.Sprint(field.IsPacked())
			}
			add("field", message.FullName(), field.Name(), field.Number(), kind, field.Cardinality(), oneof, packed)
		}
		enums(message.Enums(), add)
		messages(message.Messages(), add)
	}
}
