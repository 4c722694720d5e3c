package dev.cairn.v2;

import java.util.ArrayList;
import java.util.List;

/** Pure functions: paths of nodes. A clean path is empty for the root and begins with a slash otherwise. */
public final class Paths {
    private Paths() {}

    /** Without empty, dot and dot-dot parts. */
    public static String clean(String path) {
        List<String> parts = new ArrayList<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                if (!parts.isEmpty()) {
                    parts.remove(parts.size() - 1);
                }
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return parts.isEmpty() ? "" : "/" + String.join("/", parts);
    }

    /** The directories above a node, the outermost first; without the root. */
    static List<String> above(String path) {
        List<String> above = new ArrayList<>();
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            above.add(path.substring(0, slash));
        }
        return above;
    }

    static String parent(String path) {
        return path.substring(0, Math.max(0, path.lastIndexOf('/')));
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static boolean isBelow(String path, String directory) {
        return path.length() > directory.length()
                && path.startsWith(directory)
                && path.charAt(directory.length()) == '/';
    }

    /** Whether a part of the path behind the directory is hidden. */
    static boolean isHiddenBelow(String path, String directory) {
        return path.length() > directory.length()
                && path.substring(directory.length()).contains("/_");
    }
}
