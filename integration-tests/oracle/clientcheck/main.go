// Command clientcheck drives a server with etcd's own Go client: keys, transactions, compaction,
// watches and leases. It prints one line for each group of checks and exits 1 at the first failure.
//
//	clientcheck host:port
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: clientcheck host:port")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{os.Args[1]},
		DialTimeout: 10 * time.Second,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
	defer client.Close()
	groups := []struct {
		name  string
		check func(context.Context, *clientv3.Client) error
	}{
		{"keys", keys},
		{"stream", stream},
		{"transactions", transactions},
		{"compaction", compaction},
		{"watch", watch},
		{"lease", lease},
		{"maintenance", maintenance},
	}
	for _, group := range groups {
		if err := group.check(ctx, client); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", group.name, err)
			os.Exit(1)
		}
		fmt.Println("ok", group.name)
	}
}

func expect(name string, got, want any) error {
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("%s: got %v, want %v", name, got, want)
	}
	return nil
}

func keys(ctx context.Context, c *clientv3.Client) error {
	put, err := c.Put(ctx, "go/a", "1")
	if err != nil {
		return err
	}
	for _, key := range []string{"go/b", "go/c", "go/d"} {
		if _, err := c.Put(ctx, key, key); err != nil {
			return err
		}
	}
	again, err := c.Put(ctx, "go/a", "2", clientv3.WithPrevKV())
	if err != nil {
		return err
	}
	old, err := c.Get(ctx, "go/a", clientv3.WithRev(put.Header.Revision))
	if err != nil {
		return err
	}
	list, err := c.Get(ctx, "go/", clientv3.WithPrefix(), clientv3.WithLimit(2),
		clientv3.WithSort(clientv3.SortByKey, clientv3.SortDescend))
	if err != nil {
		return err
	}
	count, err := c.Get(ctx, "go/", clientv3.WithPrefix(), clientv3.WithCountOnly(), clientv3.WithSerializable())
	if err != nil {
		return err
	}
	gone, err := c.Delete(ctx, "go/b", clientv3.WithRange("go/d"), clientv3.WithPrevKV())
	if err != nil {
		return err
	}
	_, future := c.Get(ctx, "go/a", clientv3.WithRev(again.Header.Revision+1000))
	_, empty := c.Put(ctx, "", "x")
	return errors.Join(
		expect("previous value", string(again.PrevKv.Value), "1"),
		expect("value at the old revision", string(old.Kvs[0].Value), "1"),
		expect("first key, descending", string(list.Kvs[0].Key), "go/d"),
		expect("more behind the limit", list.More, true),
		expect("count with limit", list.Count, 4),
		expect("count only", count.Count, 4),
		expect("deleted", gone.Deleted, 2),
		expect("deleted values", string(gone.PrevKvs[1].Value), "go/c"),
		expect("future revision", errors.Is(future, rpctypes.ErrFutureRev), true),
		expect("empty key", errors.Is(empty, rpctypes.ErrEmptyKey), true),
	)
}

func stream(ctx context.Context, c *clientv3.Client) error {
	for i := 0; i < 50; i++ {
		if _, err := c.Put(ctx, fmt.Sprintf("stream/%02d", i), fmt.Sprint(i)); err != nil {
			return err
		}
	}
	chunks, err := c.GetStream(ctx, "stream/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	whole, err := clientv3.GetStreamToGetResponse(chunks)
	if err != nil {
		return err
	}
	return errors.Join(
		expect("streamed keys", len(whole.Kvs), 50),
		expect("streamed count", whole.Count, 50),
		expect("last streamed key", string(whole.Kvs[49].Key), "stream/49"),
	)
}

func transactions(ctx context.Context, c *clientv3.Client) error {
	first, err := c.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision("txn"), "=", 0)).
		Then(clientv3.OpPut("txn", "then"), clientv3.OpGet("txn")).
		Else(clientv3.OpGet("txn")).Commit()
	if err != nil {
		return err
	}
	second, err := c.Txn(ctx).
		If(clientv3.Compare(clientv3.Value("txn"), "!=", "then")).
		Then(clientv3.OpDelete("txn")).
		Else(clientv3.OpTxn(
			[]clientv3.Cmp{clientv3.Compare(clientv3.Version("txn"), "=", 1)},
			[]clientv3.Op{clientv3.OpPut("txn", "nested")},
			nil)).Commit()
	if err != nil {
		return err
	}
	_, duplicate := c.Txn(ctx).Then(clientv3.OpPut("txn", "1"), clientv3.OpPut("txn", "2")).Commit()
	return errors.Join(
		expect("first txn", first.Succeeded, true),
		expect("range sees the put", string(first.Responses[1].GetResponseRange().Kvs[0].Value), "then"),
		expect("second txn", second.Succeeded, false),
		expect("nested txn", second.Responses[0].GetResponseTxn().Succeeded, true),
		expect("duplicate key", errors.Is(duplicate, rpctypes.ErrDuplicateKey), true),
	)
}

func compaction(ctx context.Context, c *clientv3.Client) error {
	put, err := c.Put(ctx, "compact", "1")
	if err != nil {
		return err
	}
	last, err := c.Put(ctx, "compact", "2")
	if err != nil {
		return err
	}
	if _, err := c.Compact(ctx, last.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return err
	}
	_, compacted := c.Get(ctx, "compact", clientv3.WithRev(put.Header.Revision))
	closed := <-c.Watch(ctx, "compact", clientv3.WithRev(put.Header.Revision))
	return errors.Join(
		expect("compacted revision", errors.Is(compacted, rpctypes.ErrCompacted), true),
		expect("watch of a compacted revision", closed.CompactRevision, last.Header.Revision),
	)
}

func watch(ctx context.Context, c *clientv3.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	before, err := c.Put(ctx, "watch/0", "history")
	if err != nil {
		return err
	}
	events := c.Watch(ctx, "watch/", clientv3.WithPrefix(), clientv3.WithRev(before.Header.Revision), clientv3.WithPrevKV())
	puts := c.Watch(ctx, "watch/", clientv3.WithPrefix(), clientv3.WithFilterDelete(), clientv3.WithCreatedNotify())
	if created := <-puts; !created.Created {
		return fmt.Errorf("created: got %+v", created)
	}
	if _, err := c.Put(ctx, "watch/0", "again"); err != nil {
		return err
	}
	if _, err := c.Delete(ctx, "watch/0"); err != nil {
		return err
	}
	if _, err := c.Put(ctx, "watch/1", "last"); err != nil {
		return err
	}
	seen, err := collect(ctx, events, 4)
	if err != nil {
		return err
	}
	filtered, err := collect(ctx, puts, 2)
	if err != nil {
		return err
	}
	if err := c.RequestProgress(ctx); err != nil {
		return err
	}
	return errors.Join(
		expect("first event", string(seen[0].Kv.Value), "history"),
		expect("previous value", string(seen[1].PrevKv.Value), "history"),
		expect("third event", seen[2].Type, mvccpb.Event_DELETE),
		expect("value before the delete", string(seen[2].PrevKv.Value), "again"),
		expect("fourth event", string(seen[3].Kv.Value), "last"),
		expect("filtered", string(filtered[1].Kv.Value), "last"),
	)
}

func collect(ctx context.Context, from clientv3.WatchChan, count int) ([]*clientv3.Event, error) {
	var events []*clientv3.Event
	for len(events) < count {
		select {
		case response, open := <-from:
			if !open || response.Err() != nil {
				return nil, fmt.Errorf("watch ended after %d of %d events: %w", len(events), count, response.Err())
			}
			events = append(events, response.Events...)
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d events: %w", len(events), count, ctx.Err())
		}
	}
	return events, nil
}

func lease(ctx context.Context, c *clientv3.Client) error {
	grant, err := c.Grant(ctx, 3)
	if err != nil {
		return err
	}
	if _, err := c.Put(ctx, "lease/kept", "x", clientv3.WithLease(grant.ID)); err != nil {
		return err
	}
	alive, err := c.KeepAlive(ctx, grant.ID)
	if err != nil {
		return err
	}
	// Past its time to live, so that only the keepalives can explain that it is still there.
	deadline := time.After(4 * time.Second)
	answers := 0
	for waiting := true; waiting; {
		select {
		case answer, open := <-alive:
			if !open {
				return errors.New("the keepalive channel was closed")
			}
			answers++
			if err := expect("kept alive for", answer.TTL, 3); err != nil {
				return err
			}
		case <-deadline:
			waiting = false
		}
	}
	left, err := c.TimeToLive(ctx, grant.ID, clientv3.WithAttachedKeys())
	if err != nil {
		return err
	}
	all, err := c.Leases(ctx)
	if err != nil {
		return err
	}
	listed := false
	for _, status := range all.Leases {
		listed = listed || status.ID == grant.ID
	}
	if _, err := c.Revoke(ctx, grant.ID); err != nil {
		return err
	}
	kept, err := c.Get(ctx, "lease/kept")
	if err != nil {
		return err
	}
	_, again := c.Revoke(ctx, grant.ID)
	expiring, err := c.Grant(ctx, 1)
	if err != nil {
		return err
	}
	watched := c.Watch(ctx, "lease/expiring", clientv3.WithFilterPut(), clientv3.WithCreatedNotify())
	<-watched
	if _, err := c.Put(ctx, "lease/expiring", "x", clientv3.WithLease(expiring.ID)); err != nil {
		return err
	}
	expired, err := collect(ctx, watched, 1)
	if err != nil {
		return err
	}
	return errors.Join(
		expect("keepalives came", answers > 1, true),
		expect("granted time to live", left.GrantedTTL, 3),
		expect("attached keys", string(left.Keys[0]), "lease/kept"),
		expect("listed", listed, true),
		expect("keys after the revocation", kept.Count, 0),
		expect("second revocation", errors.Is(again, rpctypes.ErrLeaseNotFound), true),
		expect("code of an unknown lease", codes.NotFound, again.(rpctypes.EtcdError).Code()),
		expect("expiry deletes", string(expired[0].Kv.Key), "lease/expiring"),
	)
}

func maintenance(ctx context.Context, c *clientv3.Client) error {
	endpoint := c.Endpoints()[0]
	status, err := c.Status(ctx, endpoint)
	if err != nil {
		return err
	}
	members, err := c.MemberList(ctx)
	if err != nil {
		return err
	}
	hash, err := c.HashKV(ctx, endpoint, 0)
	if err != nil {
		return err
	}
	alarms, err := c.AlarmList(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Defragment(ctx, endpoint); err != nil {
		return err
	}
	after, err := c.HashKV(ctx, endpoint, 0)
	if err != nil {
		return err
	}
	return errors.Join(
		expect("leader", status.Leader, members.Members[0].ID),
		expect("members", len(members.Members), 1),
		expect("alarms", len(alarms.Alarms), 0),
		expect("hash after defragmentation", after.Hash, hash.Hash),
	)
}
