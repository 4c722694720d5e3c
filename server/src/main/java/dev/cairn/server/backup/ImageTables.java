package dev.cairn.server.backup;

import com.google.protobuf.ByteString;
import dev.cairn.mvcc.StoreImage;
import dev.cairn.mvcc.Table;
import dev.cairn.mvcc.Tables;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The small tables of an image, to be looked at. Confined to the image's thread. */
final class ImageTables implements Tables {
    private final StoreImage image;

    ImageTables(StoreImage image) {
        this.image = image;
    }

    @Override
    public @Nullable ByteString get(Table table, ByteString key) {
        ByteString[] found = new ByteString[1];
        forEach(table, (name, value) -> {
            if (name.equals(key)) {
                found[0] = value;
            }
        });
        return found[0];
    }

    @Override
    public void put(Table table, ByteString key, ByteString value) {
        throw new UnsupportedOperationException("an image is not changed");
    }

    @Override
    public void delete(Table table, ByteString key) {
        throw new UnsupportedOperationException("an image is not changed");
    }

    @Override
    public void forEach(Table table, BiConsumer<ByteString, ByteString> consumer) {
        for (StoreImage.Bucket bucket : image.buckets()) {
            if (bucket.name().equals(table.bucket())) {
                bucket.pairs()
                        .forEach(pair -> consumer.accept(
                                ByteString.copyFrom(pair.key().duplicate()),
                                ByteString.copyFrom(pair.value().duplicate())));
            }
        }
    }
}
