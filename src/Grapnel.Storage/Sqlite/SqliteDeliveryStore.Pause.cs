namespace Grapnel.Storage.Sqlite;

internal sealed partial class SqliteDeliveryStore
{
    public Task PauseLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => gate.RunAsync(session =>
        session.Prepare("INSERT OR IGNORE INTO paused_lane (endpoint_id, paused_at) VALUES (?, ?)").Bind(endpoint).Bind(WallClock()).Run());

    public Task ResumeLaneAsync(Id<Endpoint> endpoint, CancellationToken cancellationToken) => gate.RunAsync(session =>
    {
        var resumed = session.Prepare("DELETE FROM paused_lane WHERE endpoint_id = ?").Bind(endpoint).Run() == 1;
        if (resumed)
            session.Prepare("DELETE FROM endpoint_health WHERE endpoint_id = ?").Bind(endpoint).Run();
        return resumed;
    });
}
