package dev.cairn.mvcc.backend;

class MemoryBackendTest extends BackendContractTest {
    private final MemoryBackend.Disk disk = new MemoryBackend.Disk();

    @Override
    protected Backend open() {
        return disk.open(TABLES);
    }
}
