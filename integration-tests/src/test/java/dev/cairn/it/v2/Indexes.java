package dev.cairn.it.v2;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which index of one server is which of the other's, as far as answers have shown it: one always stands for the same one, and both rise
 * together. Compares answers by that. Confined to one thread.
 */
final class Indexes {
    /** One index, as each server has it. */
    record Pair(long theirs, long ours) {}

    private static final Set<String> INDEXES = Set.of("index", "modifiedIndex", "createdIndex");
    private static final Pattern IN_ORDER = Pattern.compile("/(\\d{20})");
    private static final Pattern COMPARED = Pattern.compile("\\[(\\d+) != (\\d+)\\]");
    private static final Duration CLOCKS = Duration.ofSeconds(20);

    private final Map<Long, Long> oursOf = new HashMap<>();
    private final Map<Long, Long> theirsOf = new HashMap<>();
    private final List<Pair> known = new ArrayList<>();

    /** All that are known, in the order in which they were seen. */
    List<Pair> known() {
        return known;
    }

    /** Why the two cannot be the same index; empty when they can. */
    String match(long theirs, long ours) {
        if (theirs == 0 || ours == 0) {
            return theirs == ours ? "" : "index " + theirs + " against " + ours;
        }
        Long before = oursOf.putIfAbsent(theirs, ours);
        Long reverse = theirsOf.putIfAbsent(ours, theirs);
        if (before == null && reverse == null) {
            known.add(new Pair(theirs, ours));
            return "";
        }
        return before != null && before == ours && reverse != null && reverse == theirs
                ? ""
                : "index " + theirs + " against " + ours + ", known are " + before + " and " + reverse;
    }

    /** Why the two bodies do not say the same; empty when they do. */
    String compare(String theirs, String ours) {
        if (theirs.isEmpty() || ours.isEmpty()) {
            return theirs.equals(ours) ? "" : "one body is empty";
        }
        String lines = theirs.endsWith("\n") == ours.endsWith("\n") ? "" : "the ends differ; ";
        return lines + compare("", JsonParser.parseString(theirs), JsonParser.parseString(ours));
    }

    private String compare(String at, JsonElement theirs, JsonElement ours) {
        if (theirs instanceof JsonObject a && ours instanceof JsonObject b) {
            return objects(at, a, b);
        }
        if (theirs instanceof JsonArray a && ours instanceof JsonArray b) {
            return lists(at, a, b);
        }
        if (theirs instanceof JsonPrimitive a && ours instanceof JsonPrimitive b) {
            return values(at, a, b);
        }
        return at + " is of another kind";
    }

    private String objects(String at, JsonObject theirs, JsonObject ours) {
        if (!List.copyOf(theirs.keySet()).equals(List.copyOf(ours.keySet()))) {
            return at + " has " + ours.keySet() + " instead of " + theirs.keySet();
        }
        for (String name : theirs.keySet()) {
            String found = compare(name, theirs.get(name), ours.get(name));
            if (!found.isEmpty()) {
                return at + "." + found;
            }
        }
        return "";
    }

    /** Nodes come in no order unless they are asked to be sorted; keys in order rise alike. */
    private String lists(String at, JsonArray theirs, JsonArray ours) {
        if (theirs.size() != ours.size()) {
            return at + " has " + ours.size() + " nodes instead of " + theirs.size();
        }
        List<JsonElement> a = new ArrayList<>(theirs.asList());
        List<JsonElement> b = new ArrayList<>(ours.asList());
        Comparator<JsonElement> byKey =
                Comparator.comparing(node -> node.getAsJsonObject().get("key").getAsString());
        a.sort(byKey);
        b.sort(byKey);
        for (int i = 0; i < a.size(); i++) {
            String found = compare(at, a.get(i), b.get(i));
            if (!found.isEmpty()) {
                return found;
            }
        }
        return "";
    }

    private String values(String at, JsonPrimitive theirs, JsonPrimitive ours) {
        if (INDEXES.contains(at)) {
            return match(theirs.getAsLong(), ours.getAsLong());
        }
        if (at.equals("ttl")) {
            return Math.abs(theirs.getAsLong() - ours.getAsLong()) <= CLOCKS.toSeconds()
                    ? ""
                    : "ttl " + ours + " instead of " + theirs;
        }
        if (at.equals("expiration")) {
            Duration apart = Duration.between(Instant.parse(theirs.getAsString()), Instant.parse(ours.getAsString()));
            return apart.abs().compareTo(CLOCKS) < 0 ? "" : "expiration " + ours + " instead of " + theirs;
        }
        String expected =
                at.equals("key") || at.equals("cause") ? translated(theirs.getAsString()) : theirs.getAsString();
        return expected.equals(ours.getAsString()) ? "" : at + " " + ours + " instead of " + expected;
    }

    /** A text of theirs with our indexes in it. */
    String translated(String theirs) {
        StringBuilder text = new StringBuilder();
        Matcher name = IN_ORDER.matcher(theirs);
        while (name.find()) {
            long number = Long.parseLong(name.group(1));
            name.appendReplacement(text, String.format("/%020d", oursOf.getOrDefault(number, number)));
        }
        name.appendTail(text);
        Matcher compared = COMPARED.matcher(text.toString());
        StringBuilder whole = new StringBuilder();
        while (compared.find()) {
            long asked = Long.parseLong(compared.group(1));
            long there = Long.parseLong(compared.group(2));
            compared.appendReplacement(
                    whole, "[" + oursOf.getOrDefault(asked, asked) + " != " + oursOf.getOrDefault(there, there) + "]");
        }
        return compared.appendTail(whole).toString();
    }
}
