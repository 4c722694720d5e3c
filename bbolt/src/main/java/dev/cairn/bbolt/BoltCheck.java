package dev.cairn.bbolt;

import java.io.IOException;
import java.util.BitSet;

/** One walk through a whole file. Confined to the calling thread; takes a bit of memory for each page. */
final class BoltCheck {
    private final BoltFile file;
    private final BitSet reached = new BitSet();

    private BoltCheck(BoltFile file) {
        this.file = file;
    }

    static void run(BoltFile file) throws IOException {
        if (file.highWater() > Integer.MAX_VALUE) {
            throw file.damaged(0, 0, file.highWater() + " pages are more than can be checked");
        }
        BoltCheck check = new BoltCheck(file);
        BitSet free = file.freePages();
        if (free != null) {
            check.reach(Page.at(file, file.freelistPage()));
        }
        check.walk(file.root());
        if (free != null) {
            check.compare(free);
        }
    }

    private void walk(BoltBucket bucket) throws IOException {
        BoltCursor cursor = bucket.cursor(this::reach);
        while (cursor.next()) {
            if (cursor.isBucket()) {
                walk(cursor.bucket());
            }
        }
    }

    private void reach(Page page) throws IOException {
        if (page.isInline()) {
            return;
        }
        int from = (int) page.id();
        int to = from + page.overflow() + 1;
        int before = reached.nextSetBit(from);
        if (before >= 0 && before < to) {
            throw page.damaged(0, "page " + before + " is referred to twice");
        }
        reached.set(from, to);
    }

    private void compare(BitSet free) throws IOException {
        for (int page = (int) BoltFormat.FIRST_PAGE; page < file.highWater(); page++) {
            if (reached.get(page) == free.get(page)) {
                String problem = free.get(page)
                        ? "the page is in use and listed as free"
                        : "the page is lost: neither in use nor free";
                throw file.damaged(page, (long) page * file.pageSize(), problem);
            }
        }
    }
}
