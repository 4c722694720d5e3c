// Command bolt makes and judges database files with the real bbolt.
//
//	bolt make <kind> <file>   writes a file: plain, unlisted, small-pages, many-free, empty
//	bolt check <file>         checks every page; prints a digest of all buckets and pairs
//	bolt append <file>        writes to the file as an application would, then checks it
//	bolt damage <file>        changes the last byte of the newest pair of etcd's bucket "key", as no disk error would: the file stays sound
//
// The digest is SHA-256 over a walk in key order: for a pair "P", key, value; for a bucket "B", name, sequence, its content, "E";
// keys and values with their length before them, all numbers big-endian with 8 bytes.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand"
	"os"

	bolt "go.etcd.io/bbolt"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bolt:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "make":
		return create(args[1], args[2])
	case len(args) == 2 && args[0] == "check":
		return check(args[1])
	case len(args) == 2 && args[0] == "append":
		return extend(args[1])
	case len(args) == 2 && args[0] == "damage":
		return damage(args[1])
	}
	return fmt.Errorf("usage: bolt make <kind> <file> | bolt check <file> | bolt append <file> | bolt damage <file>")
}

func create(kind, path string) error {
	options := *bolt.DefaultOptions
	switch kind {
	case "unlisted":
		options.NoFreelistSync = true
	case "small-pages", "many-free":
		options.PageSize = 1024
	}
	db, err := bolt.Open(path, 0o600, &options)
	if err != nil {
		return err
	}
	defer db.Close()
	random := rand.New(rand.NewSource(20261121))
	switch kind {
	case "empty":
		return nil
	case "many-free":
		// One value that takes 70000 pages, then none.
		if err := db.Update(func(tx *bolt.Tx) error {
			bucket, err := tx.CreateBucket([]byte("large"))
			if err != nil {
				return err
			}
			return bucket.Put([]byte("key"), make([]byte, 70000*1024))
		}); err != nil {
			return err
		}
		return db.Update(func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("large")).Delete([]byte("key"))
		})
	}
	for round := 0; round < 4; round++ {
		if err := db.Update(func(tx *bolt.Tx) error { return fill(tx, random, round) }); err != nil {
			return err
		}
	}
	return nil
}

func fill(tx *bolt.Tx, random *rand.Rand, round int) error {
	if _, err := tx.CreateBucketIfNotExists([]byte("empty")); err != nil {
		return err
	}
	small, err := tx.CreateBucketIfNotExists([]byte("inline"))
	if err != nil {
		return err
	}
	if err := small.Put([]byte(fmt.Sprintf("name-%d", round)), []byte("value")); err != nil {
		return err
	}
	many, err := tx.CreateBucketIfNotExists([]byte("many"))
	if err != nil {
		return err
	}
	for i := 0; i < 700; i++ {
		key := fmt.Sprintf("key-%04d", random.Intn(2000))
		if random.Intn(4) == 0 {
			err = many.Delete([]byte(key))
		} else {
			err = many.Put([]byte(key), bytesOf(random, random.Intn(60)))
		}
		if err != nil {
			return err
		}
	}
	long, err := tx.CreateBucketIfNotExists([]byte("long"))
	if err != nil {
		return err
	}
	if err := long.SetSequence(uint64(round + 41)); err != nil {
		return err
	}
	for i := 0; i < 4; i++ {
		value := bytesOf(random, 5000*i)
		if err := long.Put(append(bytesOf(random, 800*i), byte(i)), value); err != nil {
			return err
		}
	}
	nested := tx.Bucket([]byte("many"))
	for depth := 0; depth < 3; depth++ {
		if nested, err = nested.CreateBucketIfNotExists([]byte(fmt.Sprintf("nested-%d", depth))); err != nil {
			return err
		}
		for i := 0; i < 40; i++ {
			if err := nested.Put([]byte(fmt.Sprintf("n-%d", random.Intn(300))), bytesOf(random, 30)); err != nil {
				return err
			}
		}
	}
	return nil
}

func bytesOf(random *rand.Rand, length int) []byte {
	bytes := make([]byte, length)
	start := random.Intn(256)
	for i := range bytes {
		bytes[i] = byte(start + i/16)
	}
	return bytes
}

func check(path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return report(db)
}

func extend(path string) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	for round := 0; round < 3; round++ {
		if err := db.Update(func(tx *bolt.Tx) error {
			return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
				cursor := bucket.Cursor()
				n := 0
				for key, _ := cursor.First(); key != nil; key, _ = cursor.Next() {
					if n++; n%3 == round {
						if err := bucket.Delete(append([]byte{}, key...)); err != nil {
							return err
						}
					}
				}
				for i := 0; i < 100; i++ {
					if err := bucket.Put([]byte(fmt.Sprintf("zz-%d-%d", round, i)), make([]byte, 100)); err != nil {
						return err
					}
				}
				return nil
			})
		}); err != nil {
			return err
		}
	}
	return report(db)
}

func damage(path string) error {
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte("key"))
		if bucket == nil {
			return fmt.Errorf("%s has no bucket of keys", path)
		}
		key, value := bucket.Cursor().Last()
		if len(value) == 0 {
			return fmt.Errorf("%s holds nothing to damage", path)
		}
		changed := append([]byte{}, value...)
		changed[len(changed)-1] ^= 1
		return bucket.Put(append([]byte{}, key...), changed)
	})
}

func report(db *bolt.DB) error {
	return db.View(func(tx *bolt.Tx) error {
		var first error
		for err := range tx.Check() {
			if first == nil {
				first = err
			}
		}
		if first != nil {
			return first
		}
		digest := sha256.New()
		if err := walk(digest, tx.Cursor(), func(name []byte) *bolt.Bucket { return tx.Bucket(name) }); err != nil {
			return err
		}
		fmt.Println(hex.EncodeToString(digest.Sum(nil)))
		return nil
	})
}

func walk(digest hash.Hash, cursor *bolt.Cursor, bucket func([]byte) *bolt.Bucket) error {
	for key, value := cursor.First(); key != nil; key, value = cursor.Next() {
		if child := bucket(key); value == nil && child != nil {
			digest.Write([]byte("B"))
			add(digest, key)
			number(digest, child.Sequence())
			if err := walk(digest, child.Cursor(), child.Bucket); err != nil {
				return err
			}
			digest.Write([]byte("E"))
			continue
		}
		digest.Write([]byte("P"))
		add(digest, key)
		add(digest, value)
	}
	return nil
}

func add(digest hash.Hash, bytes []byte) {
	number(digest, uint64(len(bytes)))
	digest.Write(bytes)
}

func number(digest hash.Hash, value uint64) {
	var bytes [8]byte
	binary.BigEndian.PutUint64(bytes[:], value)
	digest.Write(bytes[:])
}
