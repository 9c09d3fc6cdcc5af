"""Why a row or a photo could not be used: one stable code for each reason, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MISSING_ID = "missing_id"
BLANK_ID = "blank_id"
LONG_ID = "long_id"
CONTROL_ID = "control_id"
DUPLICATE_ID = "duplicate_id"
RAGGED_ROW = "ragged_row"
BAD_PRICE = "bad_price"
BAD_STOCK = "bad_stock"
BAD_DATE = "bad_date"

NAMELESS = frozenset({MISSING_ID, BLANK_ID, LONG_ID, CONTROL_ID, RAGGED_ROW})
"""Reasons that leave open which product a row of a catalogue was about."""

MISSING_FILE = "missing_file"
OUTSIDE_FOLDER = "outside_folder"
NOT_AN_IMAGE = "not_an_image"
TRUNCATED = "truncated"
TOO_MANY_PIXELS = "too_many_pixels"
TOO_MANY_BYTES = "too_many_bytes"
TOO_SMALL = "too_small"

MISSING_CUSTOMER = "missing_customer"
UNKNOWN_PRODUCT = "unknown_product"
UNKNOWN_EVENT = "unknown_event"
BAD_TIMESTAMP = "bad_timestamp"
BAD_VALUE = "bad_value"
EVENT_ID_CONFLICT = "event_id_conflict"

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        MISSING_ID: "the row has no product id (the field is empty)",
        BLANK_ID: "an id is made of blanks only",
        LONG_ID: "an id is longer than 256 characters",
        CONTROL_ID: "an id holds control characters or is not valid text",
        DUPLICATE_ID: "a product's id comes again, with other fields or without a photo of its own",
        RAGGED_ROW: "the row has more or fewer fields than the header, or is not a record that can be read",
        BAD_PRICE: "the price is not a plain number of 0 or more",
        BAD_STOCK: "in_stock is neither yes/no, true/false nor a number",
        BAD_DATE: "the date on which the product was added cannot be read",
        MISSING_FILE: "there is no such photo file, or it cannot be opened",
        OUTSIDE_FOLDER: "the photo's path leads out of the photo folder",
        NOT_AN_IMAGE: "the file is not a JPEG, PNG, WebP, GIF or BMP image",
        TRUNCATED: "the file begins like an image but ends early or is damaged inside",
        TOO_MANY_PIXELS: "the photo has more pixels than the limit",
        TOO_MANY_BYTES: "the photo's file is larger than the limit",
        TOO_SMALL: "a side of the photo is shorter than the limit",
        MISSING_CUSTOMER: "the interaction names no customer",
        UNKNOWN_PRODUCT: "the interaction's product is not in the shop",
        UNKNOWN_EVENT: "the event is not one of the known events",
        BAD_TIMESTAMP: "the timestamp is missing, unreadable or outside the years 1970 to 2199",
        BAD_VALUE: "the value is not a number, or a rating is not from 1 to 5",
        EVENT_ID_CONFLICT: "another event has this event_id: another customer, product, event or moment",
    }
)
"""One line for each code, for summary tables and documentation."""
