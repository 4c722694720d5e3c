package dev.cairn.it.v2;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Random requests: mostly of few nodes, so that they meet, and now and then without sense. Confined to one thread. */
final class Requests {
    /** A request as each server gets it: they differ in indexes and in names made of them. */
    record Request(String method, String theirs, String ours, String theirForm, String ourForm) {
        @Override
        public String toString() {
            return method + " " + theirs + (theirForm.isEmpty() ? "" : " -d " + theirForm);
        }
    }

    private static final List<String> NAMES = List.of("a", "b", "_h", "a-b", "ä b");
    private static final List<String> FLAGS = List.of("true", "false", "1", "T", "maybe", "");

    private final Random random;
    private final Indexes indexes;
    private int values;

    Requests(long seed, Indexes indexes) {
        random = new Random(seed);
        this.indexes = indexes;
    }

    boolean nextIsWait() {
        return random.nextInt(10) == 0;
    }

    /** A wait for something that is past, mostly. */
    Request wait(int newestPairs) {
        String path = path();
        Parameters query = new Parameters();
        query.add("wait", "true");
        if (random.nextBoolean()) {
            query.add("recursive", "true");
        }
        List<Indexes.Pair> known = indexes.known();
        int newest = Math.min(newestPairs, known.size());
        if (newest > 0 && random.nextInt(4) > 0) {
            Indexes.Pair pair = known.get(known.size() - 1 - random.nextInt(newest));
            query.add("waitIndex", Long.toString(pair.theirs()), Long.toString(pair.ours()));
        }
        return build("GET", path, query, new Parameters());
    }

    Request next() {
        int kind = random.nextInt(100);
        Parameters query = new Parameters();
        Parameters form = new Parameters();
        Parameters any = random.nextBoolean() ? query : form;
        if (kind < 22) {
            maybe(query, 2, "recursive");
            maybe(query, 2, "sorted");
            maybe(query, 6, "quorum");
            maybe(query, 30, "stream");
            return build(random.nextInt(10) == 0 ? "HEAD" : "GET", path(), query, form);
        }
        if (kind < 40) {
            condition(query, 3);
            maybe(query, 2, "recursive");
            maybe(query, 2, "dir");
            return build("DELETE", path(), query, form);
        }
        if (kind < 52) {
            value(form);
            maybe(query, 6, "dir");
            ttl(any);
            return build("POST", path(), query, form);
        }
        if (kind < 53) {
            return build("PATCH", path(), query, form);
        }
        if (random.nextInt(8) > 0) {
            value(any);
        }
        condition(any, 2);
        if (random.nextInt(3) == 0) {
            any.add("prevExist", flag());
        }
        maybe(query, 5, "dir");
        ttl(any);
        if (random.nextInt(12) == 0) {
            any.add("refresh", flag());
        }
        maybe(query, 15, "noValueOnSuccess");
        maybe(query, 60, "wait");
        return build("PUT", path(), query, form);
    }

    private String flag() {
        return random.nextInt(12) == 0
                ? FLAGS.get(random.nextInt(FLAGS.size()))
                : random.nextBoolean() ? "true" : "false";
    }

    private void maybe(Parameters to, int oneOf, String name) {
        if (random.nextInt(oneOf) == 0) {
            to.add(name, flag());
        }
    }

    private void value(Parameters to) {
        to.add("value", random.nextInt(5) == 0 ? "" : random.nextInt(3) == 0 ? "same" : "v" + values++ + "<&>\u2028ü");
    }

    private void condition(Parameters to, int oneOf) {
        if (random.nextInt(oneOf) > 0) {
            return;
        }
        List<Indexes.Pair> known = indexes.known();
        if (random.nextBoolean()) {
            to.add("prevValue", random.nextInt(10) == 0 ? "" : random.nextBoolean() ? "same" : "other");
        }
        if (random.nextInt(12) == 0) {
            to.add("prevIndex", random.nextBoolean() ? "x" : "0");
        } else if (random.nextBoolean() && !known.isEmpty()) {
            int newest = Math.min(20, known.size());
            Indexes.Pair pair = known.get(known.size() - 1 - random.nextInt(newest));
            to.add("prevIndex", Long.toString(pair.theirs()), Long.toString(pair.ours()));
        }
    }

    /** Long enough that nothing ends while the two are compared. */
    private void ttl(Parameters to) {
        int kind = random.nextInt(40);
        if (kind < 6) {
            to.add("ttl", Integer.toString(1000 + random.nextInt(1000)));
        } else if (kind == 6) {
            to.add("ttl", "");
        } else if (kind == 7) {
            to.add("ttl", random.nextBoolean() ? "-1" : "1s");
        }
    }

    private String path() {
        int parts = random.nextInt(4) + (random.nextInt(20) == 0 ? 0 : 1);
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            path.append('/').append(NAMES.get(random.nextInt(NAMES.size())));
        }
        List<Indexes.Pair> known = indexes.known();
        if (random.nextInt(15) == 0 && !known.isEmpty()) {
            // Perhaps a key in order has this name.
            Indexes.Pair pair = known.get(known.size() - 1 - random.nextInt(Math.min(10, known.size())));
            path.append(String.format("/%020d", pair.theirs()));
        }
        if (random.nextInt(12) == 0) {
            path.append('/');
        }
        return path.toString();
    }

    private Request build(String method, String path, Parameters query, Parameters form) {
        String ours = indexes.translated(path);
        return new Request(
                method,
                escaped(path) + query.text(false, "?"),
                escaped(ours) + query.text(true, "?"),
                form.text(false, ""),
                form.text(true, ""));
    }

    private static String escaped(String path) {
        return URLEncoder.encode(path, StandardCharsets.UTF_8)
                .replace("%2F", "/")
                .replace("+", "%20");
    }

    /** Of a query or a form, for both. */
    private static final class Parameters {
        private final List<String> theirs = new ArrayList<>();
        private final List<String> ours = new ArrayList<>();

        void add(String name, String value) {
            add(name, value, value);
        }

        void add(String name, String theirValue, String ourValue) {
            theirs.add(name + "=" + URLEncoder.encode(theirValue, StandardCharsets.UTF_8));
            ours.add(name + "=" + URLEncoder.encode(ourValue, StandardCharsets.UTF_8));
        }

        String text(boolean forUs, String beginning) {
            List<String> chosen = forUs ? ours : theirs;
            return chosen.isEmpty() ? "" : beginning + String.join("&", chosen);
        }
    }
}
