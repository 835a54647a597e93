using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>The messages of a batch, column by column, and the statement that stores them.</summary>
internal sealed class AcceptColumns
{
    /// <summary>
    /// Messages with their deliveries and labels, the count of what is pending, and lanes that have no owner. A node that was expelled gets no lane:
    /// nobody would ever free one of a node that is not there. Where routing is no longer at the version that is asked for, there are no places, and
    /// nothing is done: one statement sees the store as of one moment. Nothing is joined, so that one plan is right for any batch. Answers with the
    /// places that the items share out among them, and the lanes that the node owns now.
    /// </summary>
    public static readonly string Sql = $"""
        WITH given AS MATERIALIZED (
            SELECT array_agg(nextval('place')) AS places FROM generate_series(1, cardinality($4::uuid[]), {Places.PerCall})
            HAVING $26::bigint IS NULL OR $26 = (SELECT value FROM counter WHERE name = 'route')
        ), stored AS (
            INSERT INTO message (id, application_id, place, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version,
                content_expires_at, owed, payload, trace_parent)
            SELECT m.id, m.application_id, {Places.Of("given.places", "m.item")}, m.event_type, m.event_id, m.channels, m.tags, m.content_type, m.accepted_at, m.deliver_at,
                m.route_version, m.content_expires_at, m.owed, m.payload, m.trace_parent
            FROM given, unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
                $14::bigint[], $15::bytea[], $16::bytea[], $17::text[]) WITH ORDINALITY
                AS m (id, application_id, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version, content_expires_at,
                    owed, payload, trace_parent, item)
        ), owed AS (
            INSERT INTO delivery (endpoint_id, stage, seq, message_id, due_at, attempts, trigger, bytes)
            SELECT d.endpoint_id, CASE WHEN d.due_at > 0 THEN 2 ELSE 0 END, {Places.Of("given.places", "d.item")}, d.message_id, coalesce(d.due_at, 0), 0, 0, d.bytes
            FROM given, unnest($18::uuid[], $19::int[], $20::uuid[], $21::bigint[], $22::int[]) AS d (endpoint_id, item, message_id, due_at, bytes)
        ), labelled AS (
            INSERT INTO message_label (application_id, label, message_id)
            SELECT l.application_id, l.label, l.message_id FROM given, unnest($23::uuid[], $24::text[], $25::uuid[]) AS l (application_id, label, message_id)
            ON CONFLICT DO NOTHING
        ), member AS MATERIALIZED (
            SELECT id FROM node WHERE id = $1 AND cardinality($2::uuid[]) > 0 AND EXISTS (SELECT 1 FROM given) FOR KEY SHARE
        ), taken AS (
            INSERT INTO lane (endpoint_id, node_id) SELECT endpoint_id, id FROM member, unnest($2::uuid[]) AS endpoint_id
            ON CONFLICT (endpoint_id) DO UPDATE SET node_id = excluded.node_id WHERE lane.node_id IS NULL OR lane.node_id = excluded.node_id
            RETURNING endpoint_id
        ), counted AS (
            INSERT INTO pending_part AS p (writer, part, value)
            SELECT $3, 0, cardinality($18::uuid[]) FROM given WHERE cardinality($18::uuid[]) > 0
            ON CONFLICT (writer, part) DO UPDATE SET value = p.value + excluded.value
        )
        SELECT places, NULL::uuid FROM given UNION ALL SELECT NULL, endpoint_id FROM taken
        """;

    private readonly List<int> _indexes;
    private readonly List<AcceptItem> _items;
    private readonly List<(Guid Endpoint, int Item)> _deliveries;
    private readonly List<(Message Message, string Label)> _labels = [];

    /// <summary>The columns of the items that are accepted.</summary>
    public AcceptColumns(IReadOnlyList<AcceptItem> items, AcceptReceipt[] receipts)
    {
        _indexes = new List<int>(items.Count);
        _items = new List<AcceptItem>(items.Count);
        _deliveries = new List<(Guid, int)>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            if (receipts[i].Status == AcceptStatus.Accepted)
                Add(items[i], i);
        }
    }

    private void Add(AcceptItem item, int index)
    {
        _indexes.Add(index);
        _items.Add(item);
        foreach (var endpoint in item.Endpoints)
            _deliveries.Add((Uuid.Of(endpoint), _items.Count));
        if (item.Message is { Channels: null, Tags: null })
            return;
        // A name may be given twice.
        foreach (var label in Labels.Of(item.Message.Channels, item.Message.Tags).Distinct())
            _labels.Add((item.Message, label));
    }

    /// <summary>How many items there are.</summary>
    public int Count => _items.Count;

    /// <summary>Binds the columns, and the version that routing has to be at: from $4 on.</summary>
    public PostgresCommand BindTo(PostgresCommand command, long? routeVersion) => command
        .Bind(Column(m => Uuid.Of(m.Id))).Bind(Column(m => Uuid.Of(m.ApplicationId))).Bind(Column(m => m.EventType)).BindSparse(Column(m => m.EventId))
        .BindSparse(Column(m => Names.ToJson(m.Channels))).BindSparse(Column(m => Names.ToJson(m.Tags))).Bind(Column(m => m.ContentType))
        .Bind(Column(m => m.AcceptedAt.ToUnixTimeMilliseconds())).BindSparse(Column(m => m.DeliverAt?.ToUnixTimeMilliseconds()))
        .Bind(Column(m => m.RouteVersion)).BindSparse(Column(m => m.ContentExpiresAt?.ToUnixTimeMilliseconds()))
        .Bind(Column(_items, item => Owed.Pack(item.Endpoints, Owed.OwnPlace))).Bind(Column(m => m.Payload))
        .BindSparse(Column(m => m.TraceParent))
        .Bind(Column(_deliveries, d => d.Endpoint)).Bind(Column(_deliveries, d => d.Item)).Bind(Column(_deliveries, d => Uuid.Of(MessageOf(d.Item).Id)))
        .BindSparse(Column(_deliveries, d => MessageOf(d.Item).DeliverAt?.ToUnixTimeMilliseconds()))
        .Bind(Column(_deliveries, d => MessageOf(d.Item).Payload?.Length ?? 0))
        .Bind(Column(_labels, l => Uuid.Of(l.Message.ApplicationId))).Bind(Column(_labels, l => l.Label))
        .Bind(Column(_labels, l => Uuid.Of(l.Message.Id))).Bind(routeVersion);

    /// <summary>Notes the places that the items got.</summary>
    public void Place(AcceptReceipt[] receipts, long[] places)
    {
        for (var i = 0; i < _items.Count; i++)
        {
            var seqs = new long[_items[i].Endpoints.Count];
            Array.Fill(seqs, Places.Of(places, i));
            receipts[_indexes[i]] = new AcceptReceipt(AcceptStatus.Accepted, seqs);
        }
    }

    // Items are counted from 1.
    private Message MessageOf(int item) => _items[item - 1].Message;

    private T[] Column<T>(Func<Message, T> value) => Column(_items, item => value(item.Message));

    private static T[] Column<TRow, T>(List<TRow> rows, Func<TRow, T> value)
    {
        var column = new T[rows.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = value(rows[i]);
        return column;
    }
}
