using System.Globalization;

namespace Grapnel.Storage.Sqlite;

/// <summary>What orders a <see cref="ListWalk"/>; its text is an iterator.</summary>
internal interface IWalkKey<TSelf> where TSelf : struct, IWalkKey<TSelf>
{
    /// <summary>Reads the key from the first column.</summary>
    static abstract TSelf Read(Statement row);

    void Bind(Statement statement);

    /// <summary>The key so many steps away.</summary>
    TSelf Beside(int steps);
}

/// <summary>An id.</summary>
internal readonly record struct IdKey<T>(Id<T> Id) : IWalkKey<IdKey<T>> where T : IIdentified
{
    public static IdKey<T> Read(Statement row) => new(row.Id<T>(0));

    public void Bind(Statement statement) => statement.Bind(Id);

    public IdKey<T> Beside(int steps) => new(new Id<T>(steps > 0
        ? Id.Value + UInt128.Min((UInt128)steps, UInt128.MaxValue - Id.Value)
        : Id.Value - UInt128.Min((UInt128)(-steps), Id.Value)));

    public override string ToString() => Id.ToString();
}

/// <summary>A place in the order of acceptance.</summary>
internal readonly record struct PlaceKey(long Place) : IWalkKey<PlaceKey>
{
    public static PlaceKey Read(Statement row) => new(row.Int64(0));

    public void Bind(Statement statement) => statement.Bind(Place);

    public PlaceKey Beside(int steps) => new(Place + steps);

    public override string ToString() => Place.ToString(CultureInfo.InvariantCulture);

    public static PlaceKey? Parse(string? iterator) => iterator is null ? null
        : long.TryParse(iterator, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? new PlaceKey(place)
        : throw new InvalidInputException("iterator", "must be the position of a row of this list.");
}
