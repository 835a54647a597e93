using Grapnel.Storage.Catalog;

namespace Grapnel.Storage.Postgres;

/// <summary>The messages of a batch, column by column, and the statement that stores them.</summary>
internal sealed class AcceptColumns
{
    /// <summary>
    /// Messages with their deliveries and labels, the count of what is pending, and lanes that have no owner. A node that was expelled gets no lane:
    /// nobody would ever free one of a node that is not there. Where routing is no longer at the version that is asked for, there are no items, and
    /// nothing is done: one statement sees the store as of one moment. Answers with the place of each item, and the lanes that the node owns now.
    /// </summary>
    public const string Sql = """
        WITH item AS MATERIALIZED (
            SELECT u.*, nextval('place') AS place
            FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
                $14::bigint[], $15::bytea[], $16::bytea[]) WITH ORDINALITY
                AS u (id, application_id, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version, content_expires_at,
                    owed, payload, item)
            WHERE $21::bigint IS NULL OR $21 = (SELECT value FROM counter WHERE name = 'route')
        ), stored AS (
            INSERT INTO message (id, application_id, place, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version,
                content_expires_at, owed, payload)
            SELECT id, application_id, place, event_type, event_id, channels, tags, content_type, accepted_at, deliver_at, route_version,
                content_expires_at, owed, payload
            FROM item
        ), owed AS (
            INSERT INTO delivery (endpoint_id, stage, seq, message_id, due_at, attempts, trigger, bytes)
            SELECT d.endpoint_id, CASE WHEN coalesce(i.deliver_at, 0) > 0 THEN 2 ELSE 0 END, i.place, i.id, coalesce(i.deliver_at, 0), 0, 0,
                coalesce(length(i.payload), 0)
            FROM unnest($17::uuid[], $18::int[]) AS d (endpoint_id, item) JOIN item i ON i.item = d.item
        ), labelled AS (
            INSERT INTO message_label (application_id, label, message_id)
            SELECT i.application_id, l.label, i.id FROM unnest($19::text[], $20::int[]) AS l (label, item) JOIN item i ON i.item = l.item
            ON CONFLICT DO NOTHING
        ), member AS MATERIALIZED (
            SELECT id FROM node WHERE id = $1 AND cardinality($2::uuid[]) > 0 AND EXISTS (SELECT 1 FROM item) FOR KEY SHARE
        ), taken AS (
            INSERT INTO lane (endpoint_id, node_id) SELECT endpoint_id, id FROM member, unnest($2::uuid[]) AS endpoint_id
            ON CONFLICT (endpoint_id) DO UPDATE SET node_id = excluded.node_id WHERE lane.node_id IS NULL OR lane.node_id = excluded.node_id
            RETURNING endpoint_id
        ), counted AS (
            INSERT INTO pending_part AS p (writer, part, value) SELECT $3, 0, cardinality($17::uuid[]) WHERE cardinality($17::uuid[]) > 0 AND EXISTS (SELECT 1 FROM item)
            ON CONFLICT (writer, part) DO UPDATE SET value = p.value + excluded.value
        )
        SELECT item::int, place, NULL::uuid FROM item UNION ALL SELECT 0, 0, endpoint_id FROM taken
        """;

    private readonly List<int> _indexes;
    private readonly List<AcceptItem> _items;
    private readonly List<Guid> _endpoints = [];
    private readonly List<int> _endpointItems = [];
    private readonly List<string> _labels = [];
    private readonly List<int> _labelItems = [];

    /// <summary>The columns of the items that are accepted.</summary>
    public AcceptColumns(IReadOnlyList<AcceptItem> items, AcceptReceipt[] receipts)
    {
        _indexes = new List<int>(items.Count);
        _items = new List<AcceptItem>(items.Count);
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
        {
            _endpoints.Add(Uuid.Of(endpoint));
            _endpointItems.Add(_items.Count);
        }
        if (item.Message is { Channels: null, Tags: null })
            return;
        // A name may be given twice.
        foreach (var label in Labels.Of(item.Message.Channels, item.Message.Tags).Distinct())
        {
            _labels.Add(label);
            _labelItems.Add(_items.Count);
        }
    }

    /// <summary>How many items there are.</summary>
    public int Count => _items.Count;

    /// <summary>Binds the columns, from $4 to $20.</summary>
    public PostgresCommand BindTo(PostgresCommand command) => command
        .Bind(Column(m => Uuid.Of(m.Id))).Bind(Column(m => Uuid.Of(m.ApplicationId))).Bind(Column(m => m.EventType)).Bind(Column(m => m.EventId))
        .Bind(Column(m => Names.ToJson(m.Channels))).Bind(Column(m => Names.ToJson(m.Tags))).Bind(Column(m => m.ContentType))
        .Bind(Column(m => m.AcceptedAt.ToUnixTimeMilliseconds())).Bind(Column(m => m.DeliverAt?.ToUnixTimeMilliseconds()))
        .Bind(Column(m => m.RouteVersion)).Bind(Column(m => m.ContentExpiresAt?.ToUnixTimeMilliseconds()))
        .Bind(_items.ConvertAll(item => Owed.Pack(item.Endpoints, Owed.OwnPlace)).ToArray()).Bind(Column(m => m.Payload))
        .Bind(_endpoints.ToArray()).Bind(_endpointItems.ToArray()).Bind(_labels.ToArray()).Bind(_labelItems.ToArray());

    /// <summary>Notes the place that an item got; items are counted from 1.</summary>
    public void Place(AcceptReceipt[] receipts, int item, long place)
    {
        var seqs = new long[_items[item - 1].Endpoints.Count];
        Array.Fill(seqs, place);
        receipts[_indexes[item - 1]] = new AcceptReceipt(AcceptStatus.Accepted, seqs);
    }

    private T[] Column<T>(Func<Message, T> value)
    {
        var column = new T[_items.Count];
        for (var i = 0; i < column.Length; i++)
            column[i] = value(_items[i].Message);
        return column;
    }
}
