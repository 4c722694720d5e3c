package dev.cairn.mvcc;

/** The small tables beside the revisions, one for each of etcd's buckets; their keys and values are etcd's own. */
public enum Table {
    ALARM("alarm"),
    AUTH("auth"),
    AUTH_ROLES("authRoles"),
    AUTH_USERS("authUsers"),
    CLUSTER("cluster"),
    LEASE("lease"),
    MEMBERS("members"),
    MEMBERS_REMOVED("members_removed"),
    META("meta");

    private final String bucket;

    Table(String bucket) {
        this.bucket = bucket;
    }

    /** The name of etcd's bucket. */
    public String bucket() {
        return bucket;
    }
}
